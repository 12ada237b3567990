"""A relay that dies at any step leaves no event unpublished, and repeats at most the batch it held."""

import pytest

from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from events import outbox
from events.models import Event
from events.outbox import PUBLISHED_AT_ONCE
from tests.flows import request
from tests.processes import killed_at, running
from tests.system import system
from tests.tally import Tally, entries_added
from tests.waiting import wait_until

pytest_plugins = ["tests.fault_report"]
pytestmark = [pytest.mark.spine, pytest.mark.faults, pytest.mark.django_db(transaction=True)]

FLOWS = 150
# Step → events that are published again after a death there.
STEPS = {"relay.after_xadd": PUBLISHED_AT_ONCE, "relay.before_commit": PUBLISHED_AT_ONCE, "relay.after_commit": 0}


def submit_unpublished(flows: int) -> int:
    """Submit requests as a process does that dies once it has committed: the rest is the relay's business; how many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox, "publish_now", lambda events: None)
        with project_work() as work:
            for _ in range(flows):
                submit_request(work, request=request("minimal")["payload"])
    return flows


def published() -> int:
    """Grows while a relay is alive."""
    return Event.objects.filter(published_at__isnull=False).count()


def all_published() -> bool:
    """Whether no event waits for a relay."""
    return not Event.objects.filter(published_at=None).exists()


@pytest.mark.parametrize(("step", "repeated"), STEPS.items())
def test_a_relay_killed_again_and_again_repeats_only_the_batch_it_held(
    step: str, repeated: int, tally: Tally, haste: None
) -> None:
    tally.attempted, tally.life = submit_unpublished(FLOWS), published
    killed_at(step, "relay", tally=tally, arrivals=[1, 2])
    with running("relay"):
        wait_until(all_published)
        assert entries_added() == Event.objects.count() + repeated * tally.kills
        with system(relay=False):
            tally.wait_for_rest()


def test_two_relays_at_once_publish_every_event_once(tally: Tally, haste: None) -> None:
    tally.attempted = submit_unpublished(FLOWS)
    with running("relay"), running("relay"):
        wait_until(all_published)
        assert entries_added() == Event.objects.count() > 2 * PUBLISHED_AT_ONCE
        with system(relay=False):
            tally.wait_for_rest()
