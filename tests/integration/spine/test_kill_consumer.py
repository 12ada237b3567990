"""An orchestrator that dies at any step loses nothing and repeats nothing."""

import pytest
from django.conf import settings

from backlog.models import Item
from backlog.states import ItemState
from events import streams
from tests.flows import put, request
from tests.processes import killed_at, running
from tests.system import system
from tests.tally import FLOWS, Tally

pytest_plugins = ["tests.fault_report"]
pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.faults, pytest.mark.django_db(transaction=True)]

ORCHESTRATOR = ("consume", "orchestrator")
OTHERS = ("clarifications", "validators")
STEPS = [
    *("consume.after_read", "consume.after_claim", "unit.before_commit", "unit.after_commit"),
    *("publish.after_xadd", "publish.done", "consume.before_ack", "consume.after_ack"),
]


@pytest.mark.parametrize("step", STEPS)
def test_an_orchestrator_killed_again_and_again_loses_nothing_and_repeats_nothing(
    step: str, tally: Tally, haste: None
) -> None:
    tally.attempted = len(put(*(request("minimal") for _ in range(FLOWS))))
    with system(groups=OTHERS):
        killed_at(step, *ORCHESTRATOR, tally=tally)
        with running(*ORCHESTRATOR):
            tally.wait_for_rest()
    assert Item.objects.filter(state=ItemState.DONE, attempts=1).count() == 3 * FLOWS


def test_two_orchestrators_share_the_work(tally: Tally, haste: None) -> None:
    with system(groups=OTHERS), running(*ORCHESTRATOR, "--slot", "1"), running(*ORCHESTRATOR, "--slot", "2"):
        tally.attempted = len(put(*(request("minimal") for _ in range(FLOWS))))
        tally.wait_for_rest()
        served = streams.client().xinfo_consumers(settings.STREAM_NAME, "orchestrator")
    assert {c["name"] for c in served if c["inactive"] >= 0} >= {b"orchestrator-1", b"orchestrator-2"}
    assert Item.objects.filter(state=ItemState.DONE, attempts=1).count() == 3 * FLOWS


def test_an_orchestrator_takes_over_what_another_died_with(tally: Tally, haste: None) -> None:
    # The other one starts afterwards: if it ran already, it might leave nothing for the first one to die with.
    tally.attempted = len(put(*(request("minimal") for _ in range(FLOWS))))
    with system(groups=OTHERS):
        killed_at("consume.after_claim", *ORCHESTRATOR, "--slot", "2", tally=tally, arrivals=[1])
        with running(*ORCHESTRATOR, "--slot", "1"):
            tally.wait_for_rest()
    assert Item.objects.filter(state=ItemState.DONE, attempts=1).count() == 3 * FLOWS
