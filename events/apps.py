from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "events"

    def ready(self) -> None:
        from events import checks  # noqa: F401  (registers the system checks)
        from events.live import register_topic

        register_topic("overview", lambda user, subjects: subjects if user.is_staff else [])
        register_topic(
            "deadletters", lambda user, subjects: subjects if user.has_perm("events.view_deadletter") else []
        )
