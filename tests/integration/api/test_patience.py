"""A lease that waits for work, and a stream of events that goes on."""

import asyncio
import json
import re
from collections.abc import Awaitable
from typing import Any

import pytest
from a2wsgi import WSGIMiddleware
from asgiref.testing import ApplicationCommunicator
from callers import Caller, machine
from channels.layers import get_channel_layer
from django.core.wsgi import get_wsgi_application
from flows import opened, step

from accounts.models import User
from accounts.roles import OPERATOR
from backlog.models import Project
from backlog.selectors import project_of
from backlog.services import cancel_project
from config.patience import Patience
from events.live import group_name
from events.work import unit_of_work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]


@pytest.fixture
def bot() -> Caller:
    """A machine that may do everything an operator may."""
    return machine("bot", OPERATOR)


def connection(caller: Caller, method: str, path: str, body: bytes = b"", **headers: str) -> ApplicationCommunicator:
    """A request on its way to the web application, as the server hands it over."""
    said = {"content-type": "application/json", "content-length": str(len(body)), **caller.headers, **headers}
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": b"", "root_path": "", "scheme": "http", "server": ("localhost", 80), "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"localhost"), *((k.encode(), v.encode()) for k, v in said.items())],
    }  # fmt: skip
    made = ApplicationCommunicator(Patience(WSGIMiddleware(get_wsgi_application())), scope)
    made.input_queue.put_nowait({"type": "http.request", "body": body, "more_body": False})
    return made


def run(test: Awaitable[None]) -> None:
    """Run the test's own loop."""

    async def bounded() -> None:
        await asyncio.wait_for(test, 20)

    asyncio.run(bounded())


async def answered(made: ApplicationCommunicator) -> tuple[int, Any]:
    """The status and the JSON of a whole answer."""
    start = await made.receive_output(15)
    body = await made.receive_output(15)
    return start["status"], json.loads(body["body"])


async def text_until(made: ApplicationCommunicator, wanted: str) -> str:
    """What the stream says until it says this."""
    said = ""
    while wanted not in said:
        message = await made.receive_output(15)
        said += message.get("body", b"").decode()
    return said


def lease_of(caller: Caller, wait: int) -> ApplicationCommunicator:
    """A worker that waits for an item."""
    body = json.dumps({"agent": "foreign_worker", "wait": wait}).encode()
    return connection(caller, "POST", "/api/v1/work/lease", body)


def cancel(project: Project) -> None:
    """Something that happens in the project."""
    with unit_of_work() as work:
        cancel_project(work, project_of(work, project.pk), reason="No need.", by="ann")


def test_a_worker_that_waits_gets_an_item_once_there_is_one(bot: Caller) -> None:
    async def test() -> None:
        made = lease_of(bot, wait=15)
        assert await made.receive_nothing(0.8)
        project = await asyncio.to_thread(opened, step("only"))
        status, said = await answered(made)
        assert status == 200
        assert [one["item"]["project"] for one in said["items"]] == [str(project.pk)]

    run(test())


def test_a_worker_that_waited_long_enough_goes_away_with_nothing(bot: Caller) -> None:
    async def test() -> None:
        assert await answered(lease_of(bot, wait=1)) == (200, {"items": []})

    run(test())


def test_a_lease_with_a_key_of_its_own_waits_too_and_is_given_again(bot: Caller) -> None:
    async def test() -> None:
        body = json.dumps({"agent": "foreign_worker", "wait": 15}).encode()
        paths = ("POST", "/api/v1/work/lease", body)
        first = connection(bot, *paths, **{"idempotency-key": "k"})
        assert await first.receive_nothing(0.8)
        await asyncio.to_thread(opened, step("only"))
        _status, said = await answered(first)
        assert await answered(connection(bot, *paths, **{"idempotency-key": "k"})) == (200, said)

    run(test())


def test_a_follower_is_told_what_was_and_what_comes_once_each(bot: Caller) -> None:
    project = opened(step("only"))

    async def test() -> None:
        made = connection(bot, "GET", f"/api/v1/projects/{project.pk}/events/stream")
        said = await text_until(made, "WORK.ITEM_DISPATCHED")
        await asyncio.to_thread(cancel, project)
        topic = f"project:{project.pk}"
        await get_channel_layer().group_send(group_name(topic), {"type": "look.again", "topic": topic})
        said += await text_until(made, "PROJECT.CANCELLED")
        seen = re.findall(r"^id: (\d+)$", said, re.M)
        assert seen == sorted(set(seen), key=int)
        last = seen[-2]
        rest = connection(bot, "GET", f"/api/v1/projects/{project.pk}/events/stream", **{"last-event-id": last})
        assert re.findall(r"^id: (\d+)$", await text_until(rest, "PROJECT.CANCELLED"), re.M) == [seen[-1]]
        for one in (made, rest):
            await one.send_input({"type": "http.disconnect"})
            await one.wait(10)

    run(test())


def test_a_stream_ends_with_the_right_to_read_it(bot: Caller) -> None:
    project = opened(step("only"))

    async def test() -> None:
        made = connection(bot, "GET", f"/api/v1/projects/{project.pk}/events/stream")
        await text_until(made, "WORK.ITEM_DISPATCHED")
        await asyncio.to_thread(User.objects.update, is_active=False)
        end = await made.receive_output(15)
        assert (end["body"], end["more_body"]) == (b"", False)

    run(test())


def test_a_stream_of_anothers_project_is_not_found() -> None:
    project, stranger = opened(step("only")), machine("stranger")

    async def test() -> None:
        made = connection(stranger, "GET", f"/api/v1/projects/{project.pk}/events/stream")
        status, said = await answered(made)
        assert (status, said["type"]) == (404, "urn:interlock:problem:not-found")

    run(test())
