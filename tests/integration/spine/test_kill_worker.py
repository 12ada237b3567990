"""A worker that dies at any step does its item again, and the item is done once."""

import pytest

from backlog.models import Deliverable, Item
from backlog.states import ItemState
from tests.flows import put, request
from tests.processes import killed_at, running
from tests.system import system
from tests.tally import FLOWS, Tally

pytest_plugins = ["tests.fault_report"]
pytestmark = [pytest.mark.spine, pytest.mark.faults, pytest.mark.django_db(transaction=True)]

WORKER = ("work", "generic_worker")
# Step → which arrival there kills each of three workers; a batch may hold every item there is.
STEPS = {
    "consume.after_read": (1, 1, 1),
    "work.after_effect": (1, 10, 5),
    "work.after_reply": (1, 1, 1),
    "consume.before_ack": (1, 1, 1),
    "consume.after_ack": (1, 1, 1),
}


@pytest.mark.parametrize(("step", "arrivals"), STEPS.items())
def test_a_worker_killed_again_and_again_has_each_item_done_once(
    step: str, arrivals: tuple[int, ...], tally: Tally, haste: None
) -> None:
    tally.attempted = len(put(*(request("minimal") for _ in range(FLOWS))))
    with system(agents=()):
        killed_at(step, *WORKER, tally=tally, arrivals=arrivals)
        with running(*WORKER):
            tally.wait_for_rest()
    assert Item.objects.filter(state=ItemState.DONE, attempts=1).count() == 3 * FLOWS
    assert Deliverable.objects.count() == 3 * FLOWS


def test_a_worker_takes_over_what_another_died_with(tally: Tally, haste: None) -> None:
    # The other one starts afterwards: if it ran already, it might leave too little for the first one to die with.
    tally.attempted = len(put(*(request("minimal") for _ in range(FLOWS))))
    with system(agents=()):
        killed_at("work.after_effect", *WORKER, "--slot", "2", tally=tally, arrivals=[3])
        with running(*WORKER, "--slot", "1"):
            tally.wait_for_rest()
    assert Item.objects.filter(state=ItemState.DONE, attempts=1).count() == 3 * FLOWS
