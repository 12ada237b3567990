"""Django's configuration of the room that runs the system as processes."""

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "runtime"
