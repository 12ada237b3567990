"""However much a batch has to say, each of its transactions stays short: it is bounded by bytes too."""

import time
from collections import Counter

import orjson
import pytest

from backlog.models import Item
from backlog.states import ItemState
from events import work
from events.models import Attempt, DeadLetter, Event
from tests.flows import on_the_log, put, reply, request, step, template
from tests.system import run_to_rest

pytestmark = [
    pytest.mark.spine,
    pytest.mark.both,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("broker"),
]

PROJECTS = 40
ROWS = [{"text": f"Match payment {n} with its invoice and file it", "estimated_minutes": n % 60} for n in range(2600)]
SIZE = len(orjson.dumps(ROWS))


def test_a_batch_of_large_dispatches_is_written_in_portions(capsys: pytest.CaptureFixture[str]) -> None:
    name = template(step("first"), *(step(key, depends_on=["first"]) for key in ("left", "right")))
    put(*(request(name, work_context={"rows": ROWS}) for _ in range(PROJECTS)))
    run_to_rest("orchestrator", "clarifications")
    put(*(reply(sent, "WORK.ITEM_COMPLETED", {"evidence": {"rows": 1}}) for sent in on_the_log("WORK.ITEM_DISPATCHED")))
    begun = time.monotonic()
    run_to_rest("orchestrator")
    seconds = time.monotonic() - begun
    assert Item.objects.filter(state=ItemState.IN_PROGRESS).count() == 2 * PROJECTS
    assert (DeadLetter.objects.count(), Attempt.objects.count()) == (0, 0)
    largest = largest_transaction()
    with capsys.disabled():
        print(f"\n{2 * PROJECTS} dispatches of {SIZE} bytes: {seconds:.1f} s, {largest} at once")  # noqa: T201
    assert largest * SIZE < work.MOST_EMITTED_BYTES


def largest_transaction() -> int:
    """The most dispatches that one transaction said: they carry its time."""
    said = Event.objects.filter(type="WORK.ITEM_DISPATCHED").values_list("recorded_at", flat=True)
    return max(Counter(said).values())
