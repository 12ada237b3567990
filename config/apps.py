from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class ConfigConfig(AppConfig):
    default = True
    name = "config"
    verbose_name = "Interlock"

    def ready(self) -> None:
        from clarifications.tables import register_reader
        from config.tables import read_table

        register_reader(read_table)


class InterlockAdminConfig(admin_apps.AdminConfig):
    """The admin with the overview as its home; named in INSTALLED_APPS in place of Django's."""

    default = False
    default_site = "config.site.InterlockAdminSite"
