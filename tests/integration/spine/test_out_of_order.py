"""Whatever order a worker's replies arrive in, the item ends the same."""

import os
import random
from itertools import permutations
from typing import Any

import pytest

from backlog.models import Deliverable, Item, Project
from backlog.states import ItemState
from events.models import Event
from tests.flows import (
    completed,
    deliverable,
    dispatch_of,
    item_of,
    on_the_log,
    opened,
    reply,
    request,
    step,
    tell,
    template,
)
from tests.invariants import violations

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]

NEEDS_RESULT = step("only", done_when={"deliverable": "result"})
ITEM_FIELDS = ("state", "attempts", "failures", "held_for", "delivered", "evidence", "deadline_at", "waiting_on")
# ORDERS=1000 asks for the full profile.
ORDERS = int(os.environ.get("ORDERS", "60"))
REPLIES = ("WORK.ITEM_STARTED", "DELIVERABLE.PUBLISHED", "WORK.ITEM_COMPLETED")


def replies_to(dispatch: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What a worker says of one dispatch, by type."""
    return {
        "WORK.ITEM_STARTED": reply(dispatch, "WORK.ITEM_STARTED"),
        "DELIVERABLE.PUBLISHED": reply(dispatch, "DELIVERABLE.PUBLISHED", deliverable(total=3)),
        "WORK.ITEM_COMPLETED": completed(dispatch, checked=True),
    }


def final_state(project: Project) -> dict[str, Any]:
    """What must not depend on the order."""
    item = item_of(project)
    contents = [d.content for d in Deliverable.objects.filter(item=item)]
    status = Project.objects.get(pk=project.pk).status
    return {name: getattr(item, name) for name in ITEM_FIELDS} | {"contents": contents, "status": status}


DONE = {
    "state": "DONE",
    "attempts": 1,
    "failures": 0,
    "held_for": "",
    "delivered": ["result"],
    "evidence": {"checked": True},
    "deadline_at": None,
    "waiting_on": 0,
    "contents": [{"total": 3}],
    "status": "DONE",
}


@pytest.mark.parametrize("order", list(permutations(REPLIES)), ids=lambda order: " ".join(t[-9:] for t in order))
def test_any_order_of_the_replies_one_by_one_ends_the_same(broker: None, order: tuple[str, ...]) -> None:
    project = opened(NEEDS_RESULT)
    replies = replies_to(dispatch_of(project))
    for event_type in order:
        tell(replies[event_type])
    assert final_state(project) == DONE
    assert violations() == []


def test_any_order_of_the_replies_within_a_batch_ends_the_same(broker: None) -> None:
    orders = list(permutations(REPLIES))
    projects = [opened(NEEDS_RESULT) for _ in orders]
    said = [replies_to(dispatch_of(project)) for project in projects]
    tell(*(said[n][order[position]] for position in range(3) for n, order in enumerate(orders)))
    assert [final_state(project) for project in projects] == [DONE] * len(orders)
    assert violations() == []


def test_any_order_of_all_replies_of_many_projects_ends_the_same(broker: None) -> None:
    name, chance = template(NEEDS_RESULT, NEEDS_RESULT | {"key": "other"}), random.Random(ORDERS)
    tell(*(request(name) for _ in range(ORDERS)))
    dispatches = on_the_log("WORK.ITEM_DISPATCHED")
    said = [event for dispatch in dispatches for event in replies_to(dispatch).values() for _ in range(2)]
    chance.shuffle(said)
    tell(*said)
    found = Item.objects.values_list(*ITEM_FIELDS).order_by().distinct()
    assert len(dispatches) == 2 * ORDERS
    assert [dict(zip(ITEM_FIELDS, values, strict=True)) for values in found] == [{k: DONE[k] for k in ITEM_FIELDS}]
    assert Deliverable.objects.count() == 2 * ORDERS
    assert set(Project.objects.values_list("status", flat=True)) == {"DONE"}
    assert violations() == []


def test_a_deliverable_after_the_item_is_done_is_kept(broker: None) -> None:
    project = opened(step("only"), step("next", depends_on=["only"]))
    dispatch = dispatch_of(project)
    tell(completed(dispatch))
    tell(reply(dispatch, "DELIVERABLE.PUBLISHED", deliverable(total=3)))
    assert item_of(project).state == ItemState.DONE
    assert Deliverable.objects.get().content == {"total": 3}
    assert violations() == []


def test_a_start_after_the_end_is_recorded_and_ignored(broker: None) -> None:
    project = opened()
    dispatch = dispatch_of(project)
    started = reply(dispatch, "WORK.ITEM_STARTED")
    tell(completed(dispatch), started)
    assert Event.objects.get(event_id=started["event_id"]).outcome == "ignored"
    item = item_of(project)
    assert item.started_at == item.done_at
    assert violations() == []


def test_progress_never_goes_backwards(broker: None) -> None:
    project = opened()
    dispatch = dispatch_of(project)
    tell(*(reply(dispatch, "WORK.ITEM_PROGRESSED", {"done": n, "total": 10}) for n in (7, 3)))
    item = item_of(project)
    assert (item.progress_done, item.progress_total) == (7, 10)
    assert violations() == []
