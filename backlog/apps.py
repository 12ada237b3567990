from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BacklogConfig(AppConfig):
    name = "backlog"

    def ready(self) -> None:
        from backlog.blueprints import load_blueprints

        post_migrate.connect(load_blueprints, sender=self)
