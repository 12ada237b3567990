"""The database is the truth: a broker that dies, or forgets everything in mid-run, loses nothing of ours."""

import os
import signal
from contextlib import ExitStack

import pytest
from django.conf import settings

from backlog.models import Item, Project
from backlog.states import ItemState
from events import streams
from runtime.embedded import EmbeddedValkey
from tests.flows import put, request, template
from tests.processes import last_words, running
from tests.system import system
from tests.tally import FLOWS, Tally
from tests.waiting import wait_until

pytest_plugins = ["tests.fault_report"]
pytestmark = [pytest.mark.spine, pytest.mark.faults, pytest.mark.django_db(transaction=True)]

# Each time that so many more items are done, the broker is lost.
ITEMS_BETWEEN_LOSSES = 3 * FLOWS // 5
HEALED_SECONDS = 5.0


def impatient() -> str:
    """A template of three steps whose items are soon given up for lost, and tried often."""
    step = {"agent_target": "generic_worker", "timeout_seconds": 5, "max_attempts": 10}
    keys = ["prepare", "perform", "conclude"]
    items = [{"key": key, "title": key, "depends_on": keys[:n][-1:], **step} for n, key in enumerate(keys)]
    return template(*items)


def request_flows() -> int:
    """Ask for the flows and wait until all are known: what the broker loses before is the producer's to resend."""
    name = impatient()
    put(*(request(name) for _ in range(FLOWS)))
    wait_until(lambda: Project.objects.count() == FLOWS, 20)
    return FLOWS


def wait_for_items(number: int) -> None:
    """Returns when so many items are done and others are under way, whose messages can be lost."""
    items = Item.objects.all()
    wait_until(lambda: items.filter(state=ItemState.DONE).count() >= number, 20)
    wait_until(lambda: items.filter(state=ItemState.IN_PROGRESS).exists())


def groups_there() -> bool:
    """Whether each group of ours has a place to read from."""
    owners = {group.name for group in streams.groups(settings.STREAM_NAME)}
    workers = {group.name for group in streams.groups(streams.work_stream("generic_worker"))}
    return owners >= set(streams.OWNER_GROUPS) and workers >= {"generic_workers"}


def test_a_broker_wiped_again_and_again_in_mid_run_loses_nothing(tally: Tally, haste: None) -> None:
    with system():
        tally.attempted = request_flows()
        for loss in (1, 2, 3):
            wait_for_items(loss * ITEMS_BETWEEN_LOSSES)
            streams.client().flushdb()
            tally.killed()
            wait_until(groups_there, HEALED_SECONDS)
        tally.wait_for_rest(40)
    assert Item.objects.filter(state=ItemState.DONE).count() == 3 * FLOWS


def test_a_broker_killed_and_started_again_loses_nothing(own_broker: EmbeddedValkey, tally: Tally, haste: None) -> None:
    with ExitStack() as processes:
        for command in (("consume", *streams.OWNER_GROUPS), ("relay",), ("work", "generic_worker")):
            processes.enter_context(running(*command))
        tally.attempted = request_flows()
        for loss in (1, 2):
            wait_for_items(loss * ITEMS_BETWEEN_LOSSES)
            kill(own_broker)
            tally.killed()
            own_broker.ensure_running()
            wait_until(groups_there, HEALED_SECONDS)
        tally.wait_for_rest(40)
    assert Item.objects.filter(state=ItemState.DONE).count() == 3 * FLOWS


def test_a_process_that_starts_while_the_broker_is_away_waits_for_it(
    own_broker: EmbeddedValkey, transactional_db: None
) -> None:
    kill(own_broker)
    with running("consume", "orchestrator") as process:
        wait_until(lambda: "Waiting for the broker" in last_words(process))
        own_broker.ensure_running()
        put(request())
        wait_until(Project.objects.exists)


def kill(server: EmbeddedValkey) -> None:
    """SIGKILL, and wait for the end."""
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: not server.running)
