"""Registers the agents of a run in every process of it, and seeds the bug that CHAOS_BUG names."""

import os

from django.apps import AppConfig


class ChaosConfig(AppConfig):
    """The part of a run that lives inside the processes of the system."""

    name = "tests.chaos"
    label = "chaos"

    def ready(self) -> None:
        """Register the agents; seed the bug."""
        from tests.chaos import agents, bugs

        assert agents
        if bug := os.environ.get("CHAOS_BUG"):
            bugs.BUGS[bug].seed()
