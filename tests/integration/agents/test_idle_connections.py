"""A process for agents keeps a connection over a pause, for quick agents a longer one, and then closes it."""

import time

import pytest
from django.db import connection

from workers.consumers import IDLE_SECONDS, IDLE_SECONDS_OF_QUICK, worker_consumers


@pytest.mark.spine
@pytest.mark.both
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="A connection costs nothing there.")
@pytest.mark.parametrize(
    ("agent", "longest"), [("generic_worker", IDLE_SECONDS_OF_QUICK), ("cost_worker", IDLE_SECONDS)]
)
def test_the_connection_of_an_agent_is_closed_after_some_time_without_work(agent: str, longest: float) -> None:
    consumer = worker_consumers()[agent]()
    connection.ensure_connection()
    consumer.worked_at = time.monotonic()
    consumer.tick()
    assert connection.connection is not None
    consumer.worked_at -= longest + 1
    consumer.tick()
    assert connection.connection is None
