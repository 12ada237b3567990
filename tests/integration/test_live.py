"""The live feed over a real broker: who may listen, what is told, and that a quiet hour does no harm."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.utils import timezone

from accounts.models import User
from backlog.models import Project, Template
from config.routing import sockets
from events import streams
from events.live import Teller

pytestmark = pytest.mark.django_db(transaction=True)

SOON = 5


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


def socket(user: User | None, topics: str, *, origin: bytes = b"http://localhost") -> WebsocketCommunicator:
    """A page's socket."""
    headers = [(b"cookie", cookie(user)), (b"origin", origin), (b"host", b"localhost")]
    return WebsocketCommunicator(sockets(), f"/ws/live/?topics={topics}", headers)


def say(event_type: str, project_id: Any) -> None:
    """Put an event on the log."""
    streams.client().xadd(settings.STREAM_NAME, {"event": "{}", "type": event_type, "project": str(project_id)})


def listen(page: WebsocketCommunicator, then: Callable[[], Awaitable[Any]]) -> Any:
    """What `then` gives while the page is connected and the feed is told."""

    async def run() -> Any:
        stop = threading.Event()
        telling = asyncio.create_task(Teller(stop).follow())
        await page.connect()
        result = await then()
        await page.disconnect()
        stop.set()
        await telling
        return result

    return asyncio.run(run())


def test_strangers_and_pages_of_other_sites_are_refused(broker: None, rita: User) -> None:
    for page in (socket(None, "inbox"), socket(rita, "inbox", origin=b"https://elsewhere.example")):
        connected, _ = asyncio.run(page.connect())
        assert not connected


def test_a_page_listens_only_to_what_its_person_may_see(broker: None, rita: User, project: Project) -> None:
    page = socket(rita, f"inbox+overview+deadletters+project:{project.pk}+project:{uuid4()}+project:x")
    assert listen(page, page.receive_json_from) == {"listening": [f"project:{project.pk}"]}


def test_a_page_is_told_to_look_again_and_nothing_else(broker: None, rita: User, project: Project) -> None:
    page = socket(rita, f"project:{project.pk}")

    async def said() -> Any:
        await page.receive_json_from()
        await asyncio.sleep(0.3)
        await asyncio.to_thread(say, "WORK.ITEM_STARTED", uuid4())
        await asyncio.to_thread(say, "WORK.ITEM_STARTED", project.pk)
        return await page.receive_json_from(timeout=SOON), await page.receive_nothing(0.3)

    assert listen(page, said) == ({"changed": f"project:{project.pk}"}, True)


def test_a_burst_is_told_at_once_and_once_more_at_its_end(broker: None, rita: User, project: Project) -> None:
    page = socket(rita, f"project:{project.pk}")

    async def count() -> int:
        await page.receive_json_from()
        await asyncio.sleep(0.3)
        for _ in range(60):
            await asyncio.to_thread(say, "WORK.ITEM_PROGRESSED", project.pk)
        told = 0
        while not await page.receive_nothing(0.5):
            await page.receive_json_from()
            told += 1
        return told

    assert 1 <= listen(page, count) <= 10


def test_a_page_that_heard_nothing_for_longer_than_the_sockets_timeout_is_still_told(
    broker: None, rita: User, project: Project
) -> None:
    page = socket(rita, f"project:{project.pk}")

    async def after_a_while() -> Any:
        await page.receive_json_from()
        await asyncio.sleep(streams.SOCKET_TIMEOUT_SECONDS + 1)
        await asyncio.to_thread(say, "WORK.ITEM_STARTED", project.pk)
        return await page.receive_json_from(timeout=SOON)

    assert listen(page, after_a_while) == {"changed": f"project:{project.pk}"}
