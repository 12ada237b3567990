"""The staff room holds the admin site as a whole: its home page, its navigation, and the pages of the ledger."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class StaffConfig(AppConfig):
    default = True
    name = "staff"

    def ready(self) -> None:
        """Register the live topics of this room, each with the rule that says who may watch it."""
        from pages.live import register_topic

        register_topic("overview", lambda user, subjects: subjects if user.is_staff else [])
        register_topic(
            "deadletters", lambda user, subjects: subjects if user.has_perm("events.view_deadletter") else []
        )


class InterlockAdminConfig(admin_apps.SimpleAdminConfig):
    """The admin app with our site; INSTALLED_APPS names it in place of Django's.

    The pages are loaded by the site when it is asked for its addresses, so processes without pages never load them.
    """

    default = False
    default_site = "staff.site.InterlockAdminSite"
