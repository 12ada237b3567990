"""The console room holds the commands for people: `manage.py intake`, `answer`, `project`, `demo` and so on."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "console"
