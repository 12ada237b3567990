from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class EventsConfig(AppConfig):
    name = "events"

    def ready(self) -> None:
        """Register the system checks, and have migrate drop and recreate the triggers of record tables."""
        from events import append_only, checks  # noqa: F401  (registers the system checks)

        pre_migrate.connect(append_only.drop_triggers, sender=self, dispatch_uid="events.append_only")
        post_migrate.connect(append_only.create_triggers, sender=self, dispatch_uid="events.append_only")
