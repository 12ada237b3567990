from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        """Connect the signals: the first organisation and the roles after every migrate, and the audit log."""
        from accounts.audit_signals import connect_receivers
        from accounts.organisations import make_first_organisation
        from accounts.roles import update_role_groups
        from accounts.sessions import forget_browser, note_use

        post_migrate.connect(make_first_organisation, sender=self, dispatch_uid="accounts.organisations")
        post_migrate.connect(update_role_groups, sender=self, dispatch_uid="accounts.roles")
        connect_receivers()
        user_logged_in.connect(note_use, dispatch_uid="accounts.sessions")
        user_logged_out.connect(forget_browser, dispatch_uid="accounts.browsers")
