"""A system that had nothing to do for a while still hears the next event at once."""

import time

import pytest

from backlog.models import Project
from backlog.states import ProjectStatus
from tests.flows import put, request
from tests.invariants import violations
from tests.system import system
from tests.waiting import wait_until

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]

# Longer than the five seconds after which the broker's client gives up on a silent socket.
IDLE_SECONDS = 6.0


def test_an_event_after_six_idle_seconds_is_handled_within_two(broker: None) -> None:
    with system():
        idle_until = time.monotonic() + IDLE_SECONDS
        wait_until(lambda: time.monotonic() > idle_until)
        put(request())
        wait_until(lambda: Project.objects.filter(status=ProjectStatus.DONE).exists(), 2)
        wait_until(lambda: not violations())
