"""However many schedulers look at the same moment, an item that is due is dispatched once."""

import threading
from collections.abc import Callable

import pytest
from django.db import connections

from backlog.errors import ItemNotReady
from backlog.flow.due import do_what_is_due
from backlog.flow.orchestration import project_work
from backlog.models import Item
from backlog.selectors import item_in
from backlog.services import dispatch_item
from events.models import Event
from tests.flows import dispatch_of as current_dispatch
from tests.flows import failed, opened, step, tell
from tests.invariants import violations

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db(transaction=True)]

SCHEDULERS, ITEMS = 8, 12


def by_staff() -> None:
    """Dispatch every item that is ready, as somebody does by hand; others may be faster."""
    for pk in Item.objects.filter(state="READY").values_list("pk", flat=True):
        try:
            with project_work() as work:
                dispatch_item(work, item_in(work, pk))
        except ItemNotReady:
            continue


def at_the_same_moment(*calls: Callable[[], object]) -> list[BaseException]:
    """Call them all on threads that begin together; what they raised."""
    faults: list[BaseException] = []
    together = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        together.wait()
        try:
            call()
        except BaseException as error:
            faults.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return faults


def test_eight_schedulers_at_once_dispatch_each_item_that_is_due_once(broker: None) -> None:
    projects = [opened(step("only", auto_dispatch=False)) for _ in range(ITEMS)]
    assert at_the_same_moment(*[by_staff] * SCHEDULERS) == []
    assert Event.objects.filter(type="WORK.ITEM_DISPATCHED").count() == ITEMS
    assert list(Item.objects.values_list("state", "attempts")) == [("IN_PROGRESS", 1)] * ITEMS
    assert len(projects) == ITEMS


def test_eight_rounds_of_the_clock_at_once_dispatch_each_retry_once(broker: None) -> None:
    projects = [opened(step("only")) for _ in range(ITEMS)]
    tell(*(failed(current_dispatch(project)) for project in projects))
    Item.objects.update(not_before=None)
    assert at_the_same_moment(*[do_what_is_due] * SCHEDULERS) == []
    assert Event.objects.filter(type="WORK.ITEM_DISPATCHED").count() == 2 * ITEMS
    assert list(Item.objects.values_list("state", "attempts")) == [("IN_PROGRESS", 2)] * ITEMS
    assert violations(at_rest=False) == []
