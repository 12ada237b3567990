"""A process for agents keeps its connection over a short pause, and closes it when nobody needs it any more."""

import time

import pytest
from django.db import connection

from workers.consumers import IDLE_CONNECTION_SECONDS, worker_consumers


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="A connection costs nothing there.")
def test_the_connection_of_an_agent_is_closed_after_half_a_minute_without_work() -> None:
    consumer = worker_consumers()["generic_worker"]()
    connection.ensure_connection()
    consumer.worked_at = time.monotonic()
    consumer.tick()
    assert connection.connection is not None
    consumer.worked_at -= IDLE_CONNECTION_SECONDS + 1
    consumer.tick()
    assert connection.connection is None
