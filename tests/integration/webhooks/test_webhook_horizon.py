"""No event is passed over: numbers are taken before commit, so a lower one may appear after a higher one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from events.horizon import Horizon, writers
from events.models import Event
from tests.receivers import Receiver, happened
from tests.waiting import wait_until
from webhooks.delivery import Deliverer
from webhooks.models import Endpoint

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db(transaction=True)]


@contextmanager
def under_way(figure: int, *, fails: bool = False) -> Iterator[None]:
    """An event whose transaction ends with the block."""
    written, over = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            happened(figure)
            written.set()
            over.wait(10)
            transaction.set_rollback(fails)
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    assert written.wait(10)
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_what_is_committed_is_final_when_nobody_writes() -> None:
    (event,) = happened(1)
    assert Horizon().look() == event.seq


@pytest.mark.parametrize("fails", [False, True])
def test_a_lower_number_that_appears_later_is_waited_for(endpoint: Endpoint, receiver: Receiver, fails: bool) -> None:
    if connection.vendor == "sqlite":
        assert writers() == set()  # one writer ends before the next begins
        return
    deliverer = Deliverer()
    with under_way(1, fails=fails):
        happened(2)
        assert deliverer.once() == 0
        happened(3)
        assert deliverer.once() == 0
    wait_until(lambda: deliverer.once() == 0 and deliverer.horizon.final == Event.objects.latest("seq").seq)
    assert receiver.figures == [2, 3] if fails else [1, 2, 3]


def test_writers_that_follow_each_other_hold_back_nothing_for_long() -> None:
    if connection.vendor == "sqlite":
        assert writers() == set()  # one writer ends before the next begins
        return
    horizon = Horizon()
    with under_way(1):
        (second,) = happened(2)
        assert horizon.look() == 0
    with under_way(3):
        assert horizon.look() == second.seq
        happened(4)
    with under_way(5):
        assert horizon.look() >= second.seq
