"""A broker that hangs, or answers that it cannot write, is an outage: no one gets an error, and nothing is lost."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.test import Client
from pytest_django import Settings

from accounts import keys
from accounts.models import User
from accounts.roles import OPERATOR
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Project
from events import outbox, runner, streams
from events.broker import SOCKET_TIMEOUT_SECONDS, BaseParser
from events.models import Event, Outbox
from events.outage import outage
from runtime.embedded import EmbeddedValkey
from tests.callers import group
from tests.flows import request
from tests.system import run
from tests.waiting import ROOM, wait_until

pytestmark = [pytest.mark.spine, pytest.mark.faults, pytest.mark.django_db(transaction=True)]

ANSWERS = [
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
    "NOREPLICAS Not enough good replicas to write.",
    "CLUSTERDOWN The cluster is down",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "LOADING Valkey is loading the dataset in memory",
    "READONLY You can't write against a read only replica.",
    "OOM command not allowed when used memory > 'maxmemory'.",
]


@contextmanager
def frozen(server: EmbeddedValkey) -> Iterator[None]:
    """The broker takes connections and says nothing."""
    assert server.pid
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def a_request() -> dict[str, str]:
    """What a person asks for."""
    return request()["payload"]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.split()[0])
def test_what_says_that_the_broker_cannot_write_is_an_outage(answer: str) -> None:
    error = BaseParser.parse_error(answer)
    assert isinstance(error, streams.BROKER_ERRORS)


def test_a_broker_whose_disk_is_full_refuses_no_request_and_loses_nothing(own_broker: EmbeddedValkey) -> None:
    streams.client().config_set("min-replicas-to-write", 3)
    with project_work() as work:
        submit_request(work, request=a_request())
    assert Outbox.objects.exists()
    stop = threading.Event()
    faults: list[BaseException] = []
    relay = threading.Thread(target=run, args=(lambda: runner.relay_until(stop), faults))
    relay.start()
    try:
        time.sleep(0.5)
        assert relay.is_alive()
        streams.client().config_set("min-replicas-to-write", 0)
        wait_until(lambda: not Outbox.objects.exists(), 30)
    finally:
        stop.set()
        relay.join(10)
    assert faults == []


def test_a_broker_that_hangs_holds_one_request_for_its_time_out_and_no_other(
    own_broker: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("events.outage.LEAVE_ALONE_SECONDS", 600.0)  # a busy machine may need long for four requests
    noted: list[int] = []
    note = outage.note_outage
    monkeypatch.setattr(outage, "note_outage", lambda: (noted.append(len(took)), note()))
    user = User.objects.create_user("bot", is_service=True)
    user.groups.add(group(OPERATOR))
    headers = {"authorization": f"Bearer {keys.make_key(user, name='t', scopes=['projects'], lifetime=None)[1]}"}
    took: list[float] = []
    with frozen(own_broker):
        for _ in range(4):
            begun = time.monotonic()
            answer = Client(headers=headers).post(
                "/api/v1/projects", {"title": "x", "request_text": "Where does our time go?"}, "application/json"
            )
            took.append(time.monotonic() - begun)
            assert answer.status_code == 201
    assert noted == [0], "which of the requests waited for the broker in vain"
    assert took[0] < ROOM * (2 * SOCKET_TIMEOUT_SECONDS + 3)
    assert max(took[1:]) < ROOM * SOCKET_TIMEOUT_SECONDS
    assert Project.objects.count() == 4


def test_a_broker_that_hangs_while_it_counts_holds_a_page_for_about_a_second(
    own_broker: EmbeddedValkey, settings: Settings
) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": own_broker.url}}
    answers: list[int] = []
    page = threading.Thread(target=run, args=(lambda: answers.append(Client().get("/api/v1/projects").status_code), []))
    with frozen(own_broker):
        begun = time.monotonic()
        page.start()
        page.join(ROOM * 3)
        took = time.monotonic() - begun
    page.join(10)
    begun = time.monotonic()
    Client().get("/api/v1/projects")
    alone = time.monotonic() - begun
    assert answers == [401]
    assert 0.4 < took < 2.5 + 10 * alone


@pytest.mark.both
def test_no_row_is_locked_while_a_broker_hangs(own_broker: EmbeddedValkey) -> None:
    outage.note_outage()
    with project_work() as work:
        submit_request(work, request=a_request())
    with frozen(own_broker):
        looked: list[object] = []
        sweep = threading.Thread(target=run, args=(lambda: looked.append(swept()), []))
        sweep.start()
        time.sleep(0.3)
        begun = time.monotonic()
        Event.objects.update(outcome="")
        assert time.monotonic() - begun < 0.8 * SOCKET_TIMEOUT_SECONDS  # for which the sweep waits
        sweep.join(15)
    assert looked == ["away"]


def swept() -> str:
    """What a sweep says of a broker that hangs."""
    try:
        outbox.Inheritance().publish_left_behind()
    except streams.BROKER_ERRORS:
        return "away"
    return "swept"


# -- chores of the relay ---------------------------------------------------------------------------
def test_a_chore_that_fails_is_put_off_alone(monkeypatch: pytest.MonkeyPatch, broker: None) -> None:
    done = threading.Event()
    stop = threading.Event()

    def breaks() -> int:
        raise ValueError("no such row")

    monkeypatch.setattr(outbox.Inheritance, "publish_left_behind", lambda self: breaks())
    monkeypatch.setattr(runner, "trim_streams", lambda: done.set())
    relay = threading.Thread(target=run, args=(lambda: runner.relay_until(stop), []))
    relay.start()
    assert done.wait(10)
    assert relay.is_alive()
    stop.set()
    relay.join(10)
