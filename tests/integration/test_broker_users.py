"""The users of `deploy/acl/users.acl` on a real broker: each may do its work, and nothing else."""

from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from pytest_django import Settings

from events import streams
from runtime.embedded import EmbeddedValkey
from tests.flows import request, step, template
from tests.producing import producer
from tests.system import run_to_rest

FILE = Path(settings.BASE_DIR) / "deploy" / "acl" / "users.acl"
LOG, WORK, OTHERS_WORK, LETTERS = "audit:events", "audit:work:cost_worker", "audit:work:dev_worker", "audit:dlq"
ENTRY = ("*", "event", "{}")
READ_WORK = ("XREADGROUP", "GROUP", "cost_workers", "one", "STREAMS", WORK, ">")

MAY: dict[str, list[tuple[str, ...]]] = {
    "tickets": [("XADD", LOG, *ENTRY)],
    "cost_worker": [
        ("XGROUP", "CREATE", WORK, "cost_workers", "0", "MKSTREAM"),
        READ_WORK,
        ("XPENDING", WORK, "cost_workers"),
        ("XAUTOCLAIM", WORK, "cost_workers", "one", "60000", "0"),
        ("XACK", WORK, "cost_workers", "1-0"),
        ("XADD", LOG, *ENTRY),
        ("XADD", LETTERS, "*", "dlq", "{}"),
    ],
    "watcher": [("XRANGE", LOG, "-", "+"), ("XREAD", "STREAMS", LOG, "0")],
}
MAY_NOT: dict[str, list[tuple[str, ...]]] = {
    "tickets": [
        ("XRANGE", LOG, "-", "+"), ("XADD", WORK, *ENTRY), ("XADD", LETTERS, *ENTRY), ("XDEL", LOG, "1-0"), READ_WORK,
        ("XACK", LOG, "orchestrator", "1-0"), ("XTRIM", LOG, "MAXLEN", "0"), ("DEL", LOG), ("FLUSHALL",), ("KEYS", "*"),
    ],
    "cost_worker": [
        ("XADD", WORK, *ENTRY), ("XADD", OTHERS_WORK, *ENTRY), ("XRANGE", LOG, "-", "+"),
        ("XGROUP", "DESTROY", WORK, "g"),
        ("XACK", LOG, "orchestrator", "1-0"), ("XREADGROUP", "GROUP", "orchestrator", "one", "STREAMS", LOG, ">"),
        ("XREADGROUP", "GROUP", "dev_workers", "one", "STREAMS", OTHERS_WORK, ">"),
        ("DEL", WORK), ("CONFIG", "GET", "*"),
    ],
    "watcher": [("XADD", LOG, *ENTRY), ("XRANGE", WORK, "-", "+"), ("XACK", LOG, "orchestrator", "1-0")],
    "interlock": [("FLUSHALL",), ("CONFIG", "SET", "maxmemory", "1"), ("SHUTDOWN",)],
}  # fmt: skip


def add_users(broker: EmbeddedValkey) -> None:
    """Give the broker the users of the file; `default` stays on, with which the test looks at things."""
    owner = redis.Redis.from_url(broker.url)
    for line in FILE.read_text().splitlines():
        _user, name, *rules = line.split(" ")
        if name != "default":
            owner.execute_command("ACL", "SETUSER", name, *bound_together(rules))


def bound_together(words: list[str]) -> list[str]:
    """The rules, those in brackets as one argument, as the command takes them."""
    rules: list[str] = []
    for word in words:
        if rules and rules[-1].startswith("(") and not rules[-1].endswith(")"):
            rules[-1] += f" {word}"
        else:
            rules.append(word)
    return rules


def user(broker: EmbeddedValkey, name: str) -> Any:
    """A client of this user."""
    return redis.Redis.from_url(broker.url, username=name, password=f"CHANGE-{name}")


def test_each_user_may_do_its_work_and_nothing_else(own_broker: EmbeddedValkey) -> None:
    add_users(own_broker)
    for name, commands in MAY.items():
        for command in commands:
            user(own_broker, name).execute_command(*command)
    for name, commands in MAY_NOT.items():
        for command in commands:
            with pytest.raises(redis.exceptions.NoPermissionError):
                user(own_broker, name).execute_command(*command)


@pytest.mark.django_db(transaction=True)
def test_interlock_and_a_producer_work_as_their_users(own_broker: EmbeddedValkey, settings: Settings) -> None:
    add_users(own_broker)
    settings.REDIS_URL = own_broker.url.replace("unix://", "unix://interlock:CHANGE-interlock@")
    streams.client.cache_clear()
    user(own_broker, "tickets").xadd(LOG, producer().fields(request(template(step("only")))))
    run_to_rest()
    assert (streams.client().acl_whoami(), len(streams.existing("audit:work:*"))) == ("interlock", 1)
