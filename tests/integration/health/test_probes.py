"""What the web says of its health: to everybody whether each check is well, and to who may know it the reasons."""

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connections
from django.test import Client
from pytest_django import Settings

from accounts import keys
from accounts.roles import ANSWERER, OPERATOR, REQUESTER
from environment.health_limits import HealthLimits, health_limits
from environment.variables import Environment
from events.models import DeadLetter, Outbox
from health import callers, checks, database, probes
from health.probes import Probes
from tests.callers import account
from tests.flows import put
from tests.system import run_to_rest
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]
STRANGER = ("203.0.113.7", 5)
HERE = ("127.0.0.1", 5)


@pytest.fixture(autouse=True)
def own_watch() -> Iterator[None]:
    """Each test looks anew."""
    checks.everything.cache_clear()
    yield
    checks.everything.cache_clear()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """What is behind the probes."""
    await probes.answer(scope, send, 418, {})


def get(path: str, *, client: tuple[str, int] = STRANGER, method: str = "GET", **headers: str) -> tuple[int, Any]:
    """(status, content) of the answer."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "path": path, "method": method, "client": client, "headers": pairs}
    asyncio.run(Probes(application)(scope, None, send))  # type: ignore[arg-type]
    return sent[0]["status"], json.loads(sent[1]["body"] or "null")


def has_details(**asked: Any) -> bool:
    """Whether the caller is told reasons and figures."""
    details = ["says" in one for one in get("/readyz", **asked)[1]["checks"].values()]
    assert len(set(details)) == 1
    return details[0]


def test_the_live_probe_asks_nobody(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert get("/healthz") == (200, {"status": "ok"})
    assert get("/healthz", method="HEAD") == (200, None)
    assert get("/readyz", method="POST")[0] == 405
    assert get("/elsewhere")[0] == 418


def test_strangers_learn_only_whether_each_check_is_well() -> None:
    run_to_rest()
    status, content = get("/readyz")
    assert status == 200
    assert {name: set(one) for name, one in content["checks"].items()} == {name: {"ok"} for name in content["checks"]}
    assert {"database", "migrations", "outbox", "dead-letters", "broker", "readers", "lag", "disk"} <= {
        *content["checks"]
    }


def test_who_is_near_learns_the_reasons_unless_a_proxy_passed_it_on(settings: Settings) -> None:
    assert has_details(client=HERE)
    assert not has_details(client=HERE, x_forwarded_for="127.0.0.1")
    assert not has_details(client=HERE, forwarded="for=127.0.0.1")
    assert not has_details(client=("10.1.2.3", 5))
    settings.HEALTH = health_limits(Environment({"HEALTH_FROM": "10.0.0.0/8"}))
    assert has_details(client=("10.1.2.3", 5))
    assert not has_details(client=HERE)


@pytest.mark.parametrize(("role", "is_told"), [(OPERATOR, True), (ANSWERER, False), (REQUESTER, False)])
def test_staff_who_may_see_events_learn_the_reasons(client: Client, role: str, is_told: bool) -> None:
    client.force_login(account("ann", role))
    session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    assert has_details(cookie=f"{django_settings.SESSION_COOKIE_NAME}={session}") is is_told


def test_a_key_needs_the_scope_to_read() -> None:
    bot = account("bot", OPERATOR, is_service=True)
    for scope, is_told in (("read", True), ("health", True), ("projects", False)):
        text = keys.make_key(bot, name="probe", scopes=[scope], lifetime=None)[1]
        assert has_details(authorization=f"Bearer {text}") is is_told
    assert not has_details(authorization="Bearer ilk_none")


def test_a_key_for_health_opens_nothing_else_and_gives_no_right_that_its_account_lacks() -> None:
    for role, is_told in ((OPERATOR, True), (REQUESTER, False)):
        text = keys.make_key(account(role, role), name="probe", scopes=["health"], lifetime=None)[1]
        assert has_details(authorization=f"Bearer {text}") is is_told
        client = Client(headers={"authorization": f"Bearer {text}"})
        for path in ("projects", "questions", "events", "dead-letters", "webhooks"):
            assert client.get(f"/api/v1/{path}").status_code == 403, path


def test_a_caller_whose_account_cannot_be_looked_up_in_time_is_a_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    held = threading.Event()
    monkeypatch.setattr(callers, "WHO_SECONDS", 0.1)
    monkeypatch.setattr(callers, "may_see_details", lambda *_: held.wait(10))
    threading.Timer(1.0, held.set).start()
    assert not has_details(authorization="Bearer ilk_any")


def limits(**changed: Any) -> HealthLimits:
    """The limits, with some changed."""
    return HealthLimits(**{**vars(django_settings.HEALTH), **changed})


def told(check: str) -> dict[str, Any]:
    """What the check says, to who may know it."""
    checks.everything.cache_clear()
    found: dict[str, Any] = get("/readyz", client=HERE)[1]["checks"][check]
    return found


@pytest.mark.spine
def test_few_free_connections_warn_where_the_database_counts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    if connections["default"].vendor == "sqlite":
        assert "connections" not in get("/readyz")[1]["checks"]
        return
    assert told("connections")["figures"]["free"] > 5
    monkeypatch.setattr(database, "LEAST_FREE", 10**6)
    assert "connections free. Raise max_connections" in told("connections")["says"]
    assert get("/readyz")[0] == 200


@pytest.mark.spine
def test_a_dead_letter_an_old_event_and_little_room_warn_and_leave_the_web_ready(settings: Settings) -> None:
    put(b"no JSON")
    run_to_rest()
    assert DeadLetter.objects.count() == 1
    assert told("dead-letters") == {
        "ok": False,
        "says": "1 messages could not be handled. See why, then replay or discard each: ./manage.py deadletters list",
        "figures": {"open": 1},
    }
    settings.HEALTH = limits(free_bytes=10**15)
    assert "MB are wanted (HEALTH_FREE_MB). Make room" in told("disk")["says"]
    settings.HEALTH = limits(outbox_seconds=60)
    Outbox.objects.create(owner="", events=b"", written_at="2020-01-01T00:00:00Z")
    assert "The relay does it" in told("outbox")["says"]
    status, content = get("/readyz")
    assert (status, content["status"]) == (200, "warns")


def test_a_migration_that_is_missing_keeps_traffic_away() -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'events' AND name = '0001_initial'")
        try:
            assert get("/readyz")[0] == 503
            assert told("migrations")["figures"] == {"missing": ["events.0001_initial"]}
        finally:
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('events', '0001_initial', '2020-01-01')"
            )


def test_entries_that_wait_for_a_group_and_groups_that_nobody_reads_are_told(settings: Settings) -> None:
    run_to_rest()
    assert told("readers")["ok"] is False  # the dead letters' group is made by no test's system
    assert "dead-letters of" in told("readers")["says"]
    assert told("lag")["ok"]
    settings.HEALTH = limits(lag_seconds=0)
    put(b"no JSON")
    wait_until(lambda: told("lag")["ok"] is False)
    figures = told("lag")["figures"]
    assert figures[f"orchestrator of {django_settings.STREAM_NAME}"]["not_read"] == 1
