from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.signals import request_finished, request_started
from django.db.models.signals import post_migrate, pre_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        """Connect the signals: what is made after every migrate, the audit log, and how far requests reach."""
        from accounts import checks, row_security  # noqa: F401  (registers the system checks)
        from accounts.audit_signals import connect_receivers
        from accounts.organisations import make_first_organisation
        from accounts.reach import act_for_signed_in, begin_request, end_request
        from accounts.roles import update_role_groups
        from accounts.sessions import forget_browser, note_use

        post_migrate.connect(make_first_organisation, sender=self, dispatch_uid="accounts.organisations")
        post_migrate.connect(update_role_groups, sender=self, dispatch_uid="accounts.roles")
        pre_migrate.connect(row_security.release_rows, sender=self, dispatch_uid="accounts.row_security")
        post_migrate.connect(row_security.secure_rows, sender=self, dispatch_uid="accounts.row_security")
        request_started.connect(begin_request, dispatch_uid="accounts.reach")
        request_finished.connect(end_request, dispatch_uid="accounts.reach")
        connect_receivers()
        user_logged_in.connect(act_for_signed_in, dispatch_uid="accounts.reach")
        user_logged_in.connect(note_use, dispatch_uid="accounts.sessions")
        user_logged_out.connect(forget_browser, dispatch_uid="accounts.browsers")
