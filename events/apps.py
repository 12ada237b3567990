from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class EventsConfig(AppConfig):
    name = "events"

    def ready(self) -> None:
        """Register the checks, and have the triggers of the records kept in step with the tables."""
        from events import append_only, checks  # noqa: F401  (registers the system checks)

        pre_migrate.connect(append_only.take_down, sender=self, dispatch_uid="events.append_only")
        post_migrate.connect(append_only.put_up, sender=self, dispatch_uid="events.append_only")
