"""The live pages are optional: with a channel layer that refuses everything, every flow is done all the same."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis import ConnectionError as LayerAway

from events import signs
from events.work import UnitOfWork
from pages import live
from tests.flows import put, request
from tests.system import system
from tests.tally import Tally
from tests.waiting import wait_until

pytest_plugins = ["tests.fault_report"]
pytestmark = [pytest.mark.spine, pytest.mark.faults, pytest.mark.django_db(transaction=True)]

FLOWS = 10


class Refusing:
    """A channel layer that is away, and counts what it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def group_send(self, *_: Any) -> None:
        """Refuse."""
        self.asked += 1
        raise LayerAway("The channel layer is away.")


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> Refusing:
    """The layer that every page is told through, while a page is open."""
    refusing = Refusing()
    monkeypatch.setattr(live, "get_channel_layer", lambda: refusing)
    return refusing


@pytest.fixture
def announcing(broker: None, layer: Refusing) -> Iterator[None]:
    """The loop that tells pages what changed, and a page that is open."""
    signs.show_watching(seconds=60)
    stopping, faults = threading.Event(), list[BaseException]()
    thread = threading.Thread(target=announce, args=(stopping, faults))
    thread.start()
    yield
    stopping.set()
    thread.join(20)
    assert not thread.is_alive()
    assert faults == []


def announce(stopping: threading.Event, faults: list[BaseException]) -> None:
    """Run the loop; keep what it raises."""
    try:
        live.announce_changes_until(stopping)
    except BaseException as error:
        faults.append(error)


def test_flows_are_done_while_no_page_can_be_told(tally: Tally, haste: None, announcing: None, layer: Refusing) -> None:
    with system():
        tally.attempted = len(put(*(request("minimal") for _ in range(FLOWS))))
        tally.wait_for_rest()
    wait_until(lambda: layer.asked > 0)


def test_a_unit_of_work_that_tells_the_pages_itself_is_found_out(
    tally: Tally, haste: None, layer: Refusing, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = UnitOfWork.write

    def write_and_tell(self: UnitOfWork) -> None:
        write(self)
        async_to_sync(live.get_channel_layer().group_send)("live.overview", {"type": "look.again"})

    monkeypatch.setattr(UnitOfWork, "write", write_and_tell)
    with system():
        put(request("minimal"))
        wait_until(lambda: layer.asked > 0)
    tally.attempted = 1
    assert not tally.at_rest()
    assert get_channel_layer() is not layer
