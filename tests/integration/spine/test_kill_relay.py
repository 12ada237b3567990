"""A relay that dies at any step leaves no event unpublished, and repeats at most the commit it had in hand."""

import pytest

from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from events import outbox
from events.models import Event, Outbox
from tests.flows import request
from tests.processes import killed_at, running
from tests.system import system
from tests.tally import FLOWS, Tally, entries_added
from tests.waiting import wait_until

pytest_plugins = ["tests.fault_report"]
pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.faults, pytest.mark.django_db(transaction=True)]

COMMITS, FLOWS_EACH = 10, FLOWS // 10
# Step → rows of the outbox, one a commit, that are published again after a death there.
STEPS = {"relay.after_xadd": 1, "relay.after_delete": 0}


def submit_unpublished() -> int:
    """Submit requests as a process does that dies after each commit: the rest is the relay's business; how many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox, "publish_committed", lambda events, row, deleted: None)
        for _ in range(COMMITS):
            with project_work() as work:
                for _ in range(FLOWS_EACH):
                    submit_request(work, request=request("minimal")["payload"])
    return COMMITS * FLOWS_EACH


def published() -> int:
    """Grows while a relay is alive."""
    return COMMITS - Outbox.objects.count()


def all_published() -> bool:
    """Whether no event waits for a relay."""
    return not Outbox.objects.exists()


@pytest.mark.parametrize(("step", "repeated"), STEPS.items())
def test_a_relay_killed_again_and_again_repeats_only_the_commit_it_had_in_hand(
    step: str, repeated: int, tally: Tally, haste: None
) -> None:
    tally.attempted, tally.life = submit_unpublished(), published
    one_commit = Event.objects.count() // COMMITS
    killed_at(step, "relay", tally=tally, arrivals=[1, 2])
    with running("relay"):
        wait_until(all_published)
        assert entries_added() == Event.objects.count() + repeated * one_commit * tally.kills
        with system(relay=False):
            tally.wait_for_rest()


def test_two_relays_at_once_publish_every_event_once(tally: Tally, haste: None) -> None:
    tally.attempted = submit_unpublished()
    with running("relay"), running("relay"):
        wait_until(all_published)
        assert entries_added() == Event.objects.count()
        with system(relay=False):
            tally.wait_for_rest()
