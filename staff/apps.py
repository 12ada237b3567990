"""The staff's admin as a whole."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class StaffConfig(AppConfig):
    default = True
    name = "staff"

    def ready(self) -> None:
        """Say who may follow the pages of this room as they change."""
        from pages.live import register_topic

        register_topic("overview", lambda user, subjects: subjects if user.is_staff else [])
        register_topic(
            "deadletters", lambda user, subjects: subjects if user.has_perm("events.view_deadletter") else []
        )


class InterlockAdminConfig(admin_apps.AdminConfig):
    """The admin with the overview as its home; named in INSTALLED_APPS in place of Django's."""

    default = False
    default_site = "staff.site.InterlockAdminSite"
