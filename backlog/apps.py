from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BacklogConfig(AppConfig):
    name = "backlog"

    def ready(self) -> None:
        from backlog import checks, walls  # noqa: F401  (registers the system checks, and what belongs to whom)
        from backlog.blueprints import load_blueprints
        from backlog.selectors import may_watch, open_dispatches
        from backlog.services import note_corrector
        from events.deadletters import ORGANISATIONS_OF, event_corrected
        from events.lost_dispatches import OPEN_DISPATCHES
        from pages.live import register_topic

        OPEN_DISPATCHES.append(open_dispatches)
        ORGANISATIONS_OF.append(walls.organisations_of)
        register_topic("project", may_watch)
        post_migrate.connect(load_blueprints, sender=self)
        event_corrected.connect(note_corrector, dispatch_uid="backlog.note_corrector")
