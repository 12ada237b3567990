from django.apps import AppConfig


class EncryptionConfig(AppConfig):
    name = "encryption"

    def ready(self) -> None:
        """Register the system check of the keys."""
        from encryption import checks  # noqa: F401
