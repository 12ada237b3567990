"""Commands that are one step of the broker: each has its reply, and an error is raised once all replies are read."""

from typing import Any

import pytest
import redis

from events import streams
from events.broker import client, execute_together

pytestmark = [pytest.mark.spine]


def test_all_commands_take_effect(broker: Any) -> None:
    execute_together([("XADD", "audit:events", "*", "event", b"\xff{}", "type", "é"), ("SET", "k", "1")])
    [entry] = streams.read_after({"audit:events": "0"}, count=10)
    assert entry.fields == {b"event": b"\xff{}", b"type": "é".encode()}
    assert client().get("k") == b"1"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [(("XADD", "text", "*", "event", "{}"), "wrong kind"), (("XADD", "audit:events"), "wrong number")],
    ids=["when it is executed", "when it is sent"],
)
def test_the_first_error_is_raised_and_the_connection_goes_on(broker: Any, wrong: tuple[str, ...], says: str) -> None:
    client().set("text", "no stream")
    with pytest.raises(redis.ResponseError, match=says):
        execute_together([("SET", "before", "1"), wrong, ("SET", "after", "1")])
    assert client().get("text") == b"no stream"
    # A command that is not even read lets none take effect.
    assert client().exists("before", "after") == (2 if says == "wrong kind" else 0)


def test_a_reply_that_does_not_come_leaves_no_connection_behind(broker: Any) -> None:
    execute_together([("SET", "k", "1")])
    client().config_set("maxmemory", "1")
    try:
        with pytest.raises(redis.OutOfMemoryError):
            execute_together([("SET", "k", "2")])
    finally:
        client().config_set("maxmemory", "0")
    assert client().get("k") == b"1"
