from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        """Have the roles brought in line with the code after every migrate, and the audit log told of every act."""
        from accounts.audit_signals import listen
        from accounts.roles import bring_in_line
        from accounts.sessions import note_use

        post_migrate.connect(bring_in_line, sender=self, dispatch_uid="accounts.roles")
        listen()
        user_logged_in.connect(note_use, dispatch_uid="accounts.sessions")
