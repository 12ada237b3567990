"""The live feed over a real broker: who may listen, what is told, and that a quiet hour does no harm."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from backlog.models import Project, Template
from events import streams
from events.broker import SOCKET_TIMEOUT_SECONDS
from events.connections import ConnectionLimit
from pages import live
from pages.live import ChangeAnnouncer
from runtime.origins import is_own_page
from runtime.routing import live_feed
from tests.live_pages import ROOM_SECONDS, LivePage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rita() -> User:
    """A requester."""
    return User.objects.create_user("rita")


@pytest.fixture
def project(rita: User) -> Project:
    """A project of hers."""
    template = Template.objects.create(name="live", version=1, definition={})
    about = {"title": "P", "template": template, "requester": "rita", "owner": rita}
    return Project.objects.create(id=uuid4(), opened_at=timezone.now(), **about)


def cookie(user: User | None) -> bytes:
    """What the browser of this person sends."""
    if user is None:
        return b""
    client = Client()
    client.force_login(user)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert SessionStore(key).exists(key)
    return f"{settings.SESSION_COOKIE_NAME}={key}".encode()


def socket(user: User | None, topics: str, *, origin: bytes = b"http://localhost") -> LivePage:
    """A page's socket."""
    headers = [(b"cookie", cookie(user)), (b"origin", origin), (b"host", b"localhost")]
    return LivePage(live_feed(), f"/ws/live/?topics={topics}", headers)


def say(event_type: str, project_id: Any) -> None:
    """Put an event on the log."""
    streams.client().xadd(settings.STREAM_NAME, {"event": "{}", "type": event_type, "project": str(project_id)})


@asynccontextmanager
async def telling() -> AsyncIterator[None]:
    """The feed, which follows the log from its beginning here."""
    teller = ChangeAnnouncer(stop := threading.Event())
    teller.is_watched = True
    teller.positions = await asyncio.to_thread(streams.newest_positions, [settings.STREAM_NAME, settings.DLQ_STREAM])
    following = asyncio.create_task(teller.follow())
    while not teller.positions:
        await asyncio.sleep(0.01)
    yield
    stop.set()
    await following


def listen(page: LivePage, then: Callable[[], Awaitable[Any]]) -> Any:
    """What `then` gives while the page is connected and the feed is told."""

    async def run() -> Any:
        async with telling():
            await page.connect()
            result = await then()
            await page.disconnect()
        return result

    return asyncio.run(run())


def test_strangers_and_pages_of_other_sites_are_refused(broker: None, rita: User) -> None:
    elsewhere = [socket(rita, "inbox", origin=at) for at in (b"https://elsewhere.example", b"http://localhost:3000")]
    for page in (socket(None, "inbox"), *elsewhere):
        assert not asyncio.run(page.connect())


def test_who_has_something_to_do_first_is_refused(broker: None, rita: User) -> None:
    User.objects.update(must_change_password=True)
    assert not asyncio.run(socket(rita, "inbox").connect())


def test_a_page_listens_only_to_what_its_person_may_see(broker: None, rita: User, project: Project) -> None:
    page = socket(rita, f"inbox+overview+deadletters+project:{project.pk}+project:{uuid4()}+project:x")
    assert listen(page, page.receive) == {"listening": [f"project:{project.pk}"]}


def test_a_page_is_told_to_look_again_and_nothing_else(broker: None, rita: User, project: Project) -> None:
    page = socket(rita, f"project:{project.pk}")

    async def said() -> Any:
        await page.receive()
        await asyncio.to_thread(say, "WORK.ITEM_STARTED", uuid4())
        await asyncio.to_thread(say, "WORK.ITEM_STARTED", project.pk)
        return await page.receive(), await page.receive_nothing(0.3)

    assert listen(page, said) == ({"changed": f"project:{project.pk}"}, True)


def test_a_burst_is_told_at_once_and_once_more_at_its_end(broker: None, rita: User, project: Project) -> None:
    page = socket(rita, f"project:{project.pk}")

    async def count() -> int:
        await page.receive()
        for _ in range(60):
            await asyncio.to_thread(say, "WORK.ITEM_PROGRESSED", project.pk)
        told = 0
        while not await page.receive_nothing(0.5):
            await page.receive()
            told += 1
        return told

    assert 1 <= listen(page, count) <= 10


def test_a_page_that_heard_nothing_for_longer_than_the_sockets_timeout_is_still_told(
    broker: None, rita: User, project: Project
) -> None:
    page = socket(rita, f"project:{project.pk}")

    async def after_a_while() -> Any:
        await page.receive()
        await asyncio.sleep(SOCKET_TIMEOUT_SECONDS + 1)
        await asyncio.to_thread(say, "WORK.ITEM_STARTED", project.pk)
        return await page.receive()

    assert listen(page, after_a_while) == {"changed": f"project:{project.pk}"}


@pytest.mark.parametrize(
    ("origin", "host", "connects"),
    [
        ("http://localhost", "localhost", True),
        ("http://localhost:8000", "localhost:8000", True),
        ("https://localhost", "localhost", True),
        ("https://localhost", "localhost:443", True),
        ("http://localhost:3000", "localhost:8000", False),
        ("http://localhost:3000", "localhost", False),
        ("http://localhost", "localhost:8000", False),
        ("http://elsewhere.example", "elsewhere.example", False),
        ("https://desk.example.org", "localhost:8000", True),
        ("http://desk.example.org", "localhost:8000", False),
        ("null", "localhost", False),
        ("http://localhost:x", "localhost", False),
        ("", "localhost", False),
    ],
)
def test_the_origin_of_a_page_has_the_host_and_the_port_that_it_asks(
    settings: Settings, origin: str, host: str, connects: bool
) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://*.example.org"]
    assert is_own_page(origin, host) is connects


def test_a_page_asks_as_many_questions_for_100_projects_as_for_one(rita: User, project: Project) -> None:
    counts = []
    for others in (0, 99):
        with CaptureQueriesContext(connection) as seen:
            topics = [f"project:{project.pk}", *(f"project:{uuid4()}" for _ in range(others))]
            assert live.allowed_topics(User.objects.get(pk=rita.pk), topics) == topics[:1]
        counts.append(len(seen))
    assert counts[0] == counts[1]


def close_code_after(page: LivePage, change: Callable[[], object], then: Callable[[], object]) -> int:
    """The code with which the socket ends once this has changed and that has happened."""

    async def run() -> int:
        await page.connect()
        await page.receive()
        await asyncio.to_thread(change)
        async with telling():
            await asyncio.to_thread(then)
            said = await page.receive_output(ROOM_SECONDS)
        await page.disconnect()
        assert said["type"] == "websocket.close", said
        return int(said["code"])

    return asyncio.run(run())


@pytest.mark.parametrize("what", ["nothing is told", "something is told"])
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda person: Session.objects.all().delete(), live.NOT_SIGNED_IN),
        (lambda person: User.objects.filter(pk=person.pk).update(is_active=False), live.NOT_SIGNED_IN),
        (lambda person: User.objects.filter(pk=person.pk).update(password="!other"), live.NOT_SIGNED_IN),
        (lambda person: User.objects.filter(pk=person.pk).update(must_change_password=True), live.NOT_SIGNED_IN),
        (lambda person: Project.objects.all().update(owner=None, requester="nobody"), live.NOT_ALLOWED),
    ],
    ids=["signed out", "deactivated", "another password", "a password to change", "no right any more"],
)
def test_a_socket_ends_with_the_right_to_listen(
    broker: None, rita: User, project: Project, monkeypatch: pytest.MonkeyPatch, change: Any, code: int, what: str
) -> None:
    is_told = what == "something is told"
    monkeypatch.setattr(live, "RIGHTS_FRESH_SECONDS", 0.0)
    monkeypatch.setattr(live, "RIGHTS_EVERY_SECONDS", 60.0 if is_told else 0.2)
    page = socket(rita, f"project:{project.pk}")
    told = (lambda: say("WORK.ITEM_STARTED", project.pk)) if is_told else (lambda: None)
    assert close_code_after(page, lambda: change(rita), told) == code


def test_one_socket_too_many_of_a_person_is_closed_and_others_connect(
    broker: None, rita: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "socket_limit", ConnectionLimit(an_account=2, in_all=3))
    amy = User.objects.create_user("amy")
    pages = [socket(who, "inbox") for who in (rita, rita, rita, amy, amy)]

    async def run() -> list[str]:
        said = []
        for page in pages:
            assert await page.connect()
            answer = await page.receive_output(ROOM_SECONDS)
            said.append("listens" if answer["type"] == "websocket.send" else str(answer["code"]))
        for page in pages:
            await page.disconnect()
        return said

    assert asyncio.run(run()) == ["listens", "listens", "4429", "listens", "4429"]
    assert live.socket_limit.held.total() == 0
