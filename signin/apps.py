"""Django's configuration of the room."""

from django.apps import AppConfig, apps


class SigninConfig(AppConfig):
    name = "signin"

    def ready(self) -> None:
        """Check the settings, and keep the accounts in step with their second factors, where those are loaded."""
        from signin import checks as checks

        if apps.is_installed("allauth.mfa"):
            from signin.factors import connect_receivers

            connect_receivers()
