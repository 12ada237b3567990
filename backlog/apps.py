from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BacklogConfig(AppConfig):
    name = "backlog"

    def ready(self) -> None:
        from backlog.blueprints import load_blueprints
        from backlog.selectors import may_watch
        from pages.live import register_topic

        register_topic("project", may_watch)
        post_migrate.connect(load_blueprints, sender=self)
