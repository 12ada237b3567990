from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        """Connect the signals: update the roles after every migrate, and write the audit log."""
        from accounts.audit_signals import listen
        from accounts.roles import update_role_groups

        post_migrate.connect(update_role_groups, sender=self, dispatch_uid="accounts.roles")
        listen()
