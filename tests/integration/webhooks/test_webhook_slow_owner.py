"""Forty slow receivers of one owner take one thread: another owner's quick receiver is told on time."""

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from threading import Thread
from typing import Any

import pytest
from django.db import connection

from tests import receivers
from tests.receivers import Receiver, administrator, handler, happened, receiving
from tests.waiting import wait_until
from webhooks.delivery import Deliverer
from webhooks.services import register_endpoint

pytestmark = pytest.mark.django_db(transaction=True)

SLOW_SECONDS = 3.0


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that takes everything, each time after a while."""

    def dozing(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
        class Dozing(handler(receiver)):  # type: ignore[misc]
            def do_POST(self) -> None:
                time.sleep(SLOW_SECONDS)
                super().do_POST()

        return Dozing

    with monkeypatch.context() as changed:
        changed.setattr(receivers, "handler", dozing)
        with receiving() as receiver:
            yield receiver


def test_a_quick_receiver_is_on_time_beside_forty_slow_ones_of_another_owner(
    receiver: Receiver, slow: Receiver, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.WEBHOOK_MOST_ENDPOINTS = 40
    many, other = administrator("many"), administrator("other")
    for number in range(40):
        register_endpoint(many, url=f"{slow.url}/{number}")
    register_endpoint(other, url=receiver.url)
    happened(1, 2, 3)
    deliverer, started = Deliverer(), time.monotonic()
    thread = Thread(target=deliverer.run)
    thread.start()
    try:
        wait_until(lambda: receiver.figures == [1, 2, 3], 60)
        took = time.monotonic() - started
    finally:
        deliverer.stopping.set()
        thread.join(30)
        connection.close()
    with capsys.disabled():
        print(f"\nBeside 40 receivers that take {SLOW_SECONDS:g} s each: three events told in {took:.2f} s")  # noqa: T201
    assert took < 2 * SLOW_SECONDS
