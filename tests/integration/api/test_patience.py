"""A lease that waits for work, and a stream of events that goes on."""

import asyncio
import json
import re

import pytest

from accounts.models import User
from accounts.roles import OPERATOR
from backlog.flow.orchestration import project_work
from backlog.models import Project
from backlog.selectors import project_of
from backlog.services import cancel_project
from runtime import patience
from tests.callers import Caller, machine
from tests.flows import opened, step
from tests.held_connections import answered, connection, lease_of, run, text_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]


@pytest.fixture
def bot() -> Caller:
    """A machine that may do everything an operator may."""
    return machine("bot", OPERATOR)


def cancel(project: Project) -> None:
    """Something that happens in the project."""
    with project_work() as work:
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


def test_a_stream_ends_with_the_right_to_read_it(bot: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    project = opened(step("only"))
    monkeypatch.setattr(patience, "QUIET_SECONDS", 0.5)

    async def test() -> None:
        made = connection(bot, "GET", f"/api/v1/projects/{project.pk}/events/stream")
        await text_until(made, "WORK.ITEM_DISPATCHED")
        await asyncio.to_thread(User.objects.update, is_active=False)
        while (end := await made.receive_output(15))["more_body"]:
            assert b"id:" not in end["body"]
        assert end["body"] == b""

    run(test())


def test_a_stream_of_anothers_project_is_not_found() -> None:
    project, stranger = opened(step("only")), machine("stranger")

    async def test() -> None:
        made = connection(stranger, "GET", f"/api/v1/projects/{project.pk}/events/stream")
        status, said = await answered(made)
        assert (status, said["type"]) == (404, "urn:interlock:problem:not-found")

    run(test())
