"""The loop as threads and as processes: side by side, never two at one endpoint, through kills and signals."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from signal import SIGKILL
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from tests.processes import running, start
from tests.receivers import Receiver, administrator, happened, receiving
from tests.waiting import wait_until
from webhooks import attempts
from webhooks.delivery import Deliverer
from webhooks.models import Delivery, Endpoint
from webhooks.network import Answer
from webhooks.services import register_endpoint

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]

# Events that wait while a process is told to stop: more than it could send before the signal is heard.
WAITING = 300


@contextmanager
def delivering() -> Iterator[None]:
    """The loop in a thread while the block runs."""
    deliverer = Deliverer()
    thread = threading.Thread(target=deliverer.run)
    thread.start()
    try:
        yield
    finally:
        deliverer.stopping.set()
        thread.join()


def test_a_slow_endpoint_delays_nobody_elses(endpoint: Endpoint, receiver: Receiver) -> None:
    with receiving() as quick:
        register_endpoint(administrator("olga"), url=quick.url)
        receiver.open.clear()
        happened(*range(5))
        with delivering():
            wait_until(lambda: quick.figures == [0, 1, 2, 3, 4])
            wait_until(lambda: receiver.figures == [0])
            receiver.open.set()
            wait_until(lambda: receiver.figures == [0, 1, 2, 3, 4])


@pytest.mark.both
def test_two_processes_share_endpoints_and_send_everything_once(owner: User, local_receivers: None) -> None:
    with receiving() as first, receiving() as second:
        for receiver in (first, second):
            register_endpoint(owner, url=receiver.url)
        with running("deliver"), running("deliver"):
            for figure in range(40):
                happened(figure)
            wait_until(lambda: not Delivery.objects.exclude(state="delivered").exists() and len(second.ids) >= 40, 30)
            wait_until(lambda: Delivery.objects.filter(state="delivered").count() == 80, 30)
    assert first.figures == second.figures == list(range(40))


@pytest.mark.both
def test_a_process_killed_before_it_noted_a_delivery_leaves_it_to_be_sent_again(
    endpoint: Endpoint, receiver: Receiver
) -> None:
    first, second = happened(1, 2)
    process = start("deliver", fault_points={"webhooks.after_send": "kill:1"})
    process.join(20)
    assert process.exitcode == -SIGKILL
    assert endpoint.deliveries.get(event=first).attempts == 0
    Endpoint.objects.update(leased_until=timezone.now())
    with running("deliver"):
        wait_until(lambda: endpoint.deliveries.filter(state="delivered").count() == 2, 30)
    assert receiver.ids == [str(event.event_id) for event in (first, first, second)]


def test_told_to_stop_it_finishes_what_is_in_flight_and_begins_little_more(
    endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.open.clear()
    happened(*range(WAITING))
    process = start("deliver")
    wait_until(lambda: receiver.figures == [0], 20)
    process.terminate()
    receiver.open.set()
    process.join(10)
    assert process.exitcode == 0
    delivered = endpoint.deliveries.filter(state="delivered").order_by("event_id")
    assert list(delivered.values_list("event__payload__figure", flat=True)) == receiver.figures
    assert len(receiver.figures) < WAITING


def test_no_transaction_is_open_while_the_receiver_is_asked(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def post(*_: Any, **__: Any) -> Answer:
        asked.append(connection.in_atomic_block)
        return Answer(200, b"")

    monkeypatch.setattr(attempts, "post_request", post)
    happened(1, 2)
    Deliverer().once()
    assert asked == [False, False]


def test_a_fault_of_our_own_stops_one_turn_and_not_the_loop(
    endpoint: Endpoint, receiver: Receiver, owner: User, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    serve = Deliverer.serve

    def served(deliverer: Deliverer, found: Endpoint, final: int) -> None:
        assert found != endpoint, "broken"
        serve(deliverer, found, final)

    monkeypatch.setattr(Deliverer, "serve", served)
    with receiving() as other:
        register_endpoint(administrator("olga"), url=other.url)
        happened(1)
        with delivering():
            wait_until(lambda: other.figures == [1])
            wait_until(lambda: "broken" in caplog.text)
    assert receiver.figures == []
