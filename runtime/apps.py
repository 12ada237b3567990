"""The system as processes."""

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "runtime"
