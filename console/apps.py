"""The command line for people."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "console"
