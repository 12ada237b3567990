"""While the database is away, a request is told to come again: its sender is not at fault, and may repeat it."""

from typing import Any, NoReturn

import pytest
from django.db import OperationalError, connection

from accounts.roles import OPERATOR
from tests.callers import machine

pytestmark = pytest.mark.django_db


def away(*_: Any) -> NoReturn:
    """What every statement meets when the server has gone."""
    raise OperationalError("server closed the connection unexpectedly")


@pytest.mark.parametrize("key", [{}, {"idempotency-key": "one"}], ids=["plain", "with a key"])
def test_a_request_that_meets_no_database_is_told_to_come_again(key: dict[str, str]) -> None:
    caller = machine("bot", OPERATOR)
    with connection.execute_wrapper(away):
        answer = caller.post("projects", {"request_text": "Where does our time go?"}, headers=key)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:interlock:problem:database-away"
    assert caller.post("projects", {"request_text": "Where does our time go?"}, headers=key).status_code == 201
