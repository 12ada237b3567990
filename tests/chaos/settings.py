"""The settings of the processes of a run: the product's, with short waits, odd agents, and a seeded bug if asked."""

import os
from pathlib import Path

from tests.chaos.points import ArmedPoints
from tests.settings_for_tests import *  # noqa: F403
from tests.settings_for_tests import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos.apps.ChaosConfig"]
FAULT_POINTS = ArmedPoints(Path(os.environ["CHAOS_ARMED"])) if "CHAOS_ARMED" in os.environ else {}  # type: ignore[assignment]
DATABASES["default"] |= {"CONN_MAX_AGE": 60}

# Short, so that ten minutes hold many faults, and above what a step takes on a busy machine.
RECLAIM_IDLE_SECONDS = 3.0
RELAY_GRACE_SECONDS = 1.0
ITEM_RETRY_SECONDS = 0.5
RETRY_DELAY_SECONDS = 0.5
REPUBLISH_SECONDS = 5.0
LATE_DELIVERABLE_SECONDS = 10.0
AGENT_DRAIN_SECONDS = 2.0
EVENT_APPROVERS = ["chaos"]
