from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        """Connect the signals: update the roles after every migrate, and write the audit log."""
        from accounts.audit_signals import listen
        from accounts.roles import bring_in_line

        post_migrate.connect(bring_in_line, sender=self, dispatch_uid="accounts.roles")
        listen()
