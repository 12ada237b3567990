"""Told to end under load, every process ends soon, well, and with nothing in its hands."""

from multiprocessing.context import ForkServerProcess

import orjson
import pytest
from django.conf import settings

from backlog.models import Item
from backlog.states import ItemState
from events import streams
from tests.flows import on_the_log, put, request
from tests.processes import last_words, start
from tests.system import system
from tests.tally import Tally
from tests.waiting import ROOM, wait_until

pytest_plugins = ["tests.fault_report"]
pytestmark = [pytest.mark.spine, pytest.mark.faults, pytest.mark.django_db(transaction=True)]

FLOWS = 150
LONGEST_END_SECONDS = 10.0
COMMANDS = [
    *(("consume", group) for group in streams.OWNER_GROUPS),
    ("relay",),
    ("work", "generic_worker"),
]


def test_every_process_ends_well_in_the_middle_of_its_work(tally: Tally) -> None:
    tally.attempted = len(put(*(request("minimal") for _ in range(FLOWS))))
    processes = [start(*command) for command in COMMANDS]
    wait_until(lambda: Item.objects.filter(state=ItemState.DONE).count() >= FLOWS // 2, 60)
    assert Item.objects.filter(state=ItemState.DONE).count() < 3 * FLOWS, "there was no load any more"
    for process in processes:
        process.terminate()
    for process in processes:
        assert_ended_well(process)
    assert not any(group.pending for group in streams.groups(settings.STREAM_NAME))
    assert dispatches_in_hand() & begun() == set()
    with system():
        tally.wait_for_rest()
    assert Item.objects.filter(state=ItemState.DONE, attempts=1).count() == 3 * FLOWS


def assert_ended_well(process: ForkServerProcess) -> None:
    """It ends in time, without an error."""
    process.join(ROOM * LONGEST_END_SECONDS)
    assert process.exitcode == 0, f"{process.exitcode}: {last_words(process)}"


def dispatches_in_hand() -> set[str]:
    """The entries that a worker took and did not settle."""
    stream = streams.work_stream("generic_worker")
    return {held.entry_id for held in streams.pending(stream, "generic_workers", count=1000)}


def begun() -> set[str]:
    """The work entries whose dispatch a worker has said anything about."""
    causes = {event["causation_id"] for event in on_the_log("WORK.ITEM_STARTED")}
    entries = streams.client().xrange(streams.work_stream("generic_worker"))
    return {entry_id.decode() for entry_id, fields in entries if orjson.loads(fields[b"event"])["event_id"] in causes}
