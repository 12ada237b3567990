"""Many who wait or follow: one account is bounded, all together cost about what one costs, and others are on time."""

import asyncio
import time
from contextlib import ExitStack
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from pytest_django import Settings

from accounts.roles import OPERATOR
from backlog.models import Project
from events.connections import ConnectionLimit
from runtime import lookout
from runtime.bodies import Bodies
from runtime.patience import MOST_STREAMS, Patience
from tests.callers import Caller, machine
from tests.flows import opened, step
from tests.held_connections import (
    answered,
    connection,
    lease_of,
    run,
    seconds_of_a_page,
    sent,
    served,
    text_until,
    web,
)
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]


@pytest.fixture
def bot() -> Caller:
    """A machine that may do everything an operator may."""
    return machine("bot", OPERATOR)


async def refusal(made: ApplicationCommunicator) -> tuple[int, bool]:
    """The status of a refusal, which says when to come back; whether it is a problem document."""
    start = await made.receive_output(15)
    headers = dict(start["headers"])
    assert int(headers[b"retry-after"]) > 0
    return start["status"], headers[b"content-type"] == b"application/problem+json"


def stream_of(caller: Caller, project: Project, app: Patience) -> ApplicationCommunicator:
    """A reader who follows the project."""
    return connection(caller, "GET", f"/api/v1/projects/{project.pk}/events/stream", to=app)


async def left(*those: ApplicationCommunicator) -> None:
    """These go away."""
    for one in those:
        await one.send_input({"type": "http.disconnect"})
        await one.wait(10)


def test_one_stream_too_many_is_refused_until_another_has_ended(bot: Caller) -> None:
    project, other = opened(step("only")), machine("other", OPERATOR)

    async def test() -> None:
        app = web()
        held = [stream_of(bot, project, app) for _ in range(MOST_STREAMS)]
        for one in held:
            await text_until(one, "WORK.ITEM_DISPATCHED")
        assert await refusal(stream_of(bot, project, app)) == (429, True)
        others = stream_of(other, project, app)
        await text_until(others, "WORK.ITEM_DISPATCHED")
        await left(held.pop())
        again = stream_of(bot, project, app)
        await text_until(again, "WORK.ITEM_DISPATCHED")
        await left(others, again, *held)
        assert app.streams.held.total() == 0

    run(test())


def test_one_wait_too_many_is_refused_and_others_wait_on(bot: Caller, settings: Settings) -> None:
    settings.API_MOST_WAITS = 3
    other = machine("other", OPERATOR)

    async def test() -> None:
        app = web()
        held = [lease_of(bot, wait=3, to=app) for _ in range(3)]
        for one in held:
            assert await one.receive_nothing(0.4)
        assert await refusal(lease_of(bot, wait=3, to=app)) == (429, True)
        assert await answered(lease_of(bot, wait=0, to=app)) == (200, {"items": []})
        assert await answered(lease_of(other, wait=1, to=app)) == (200, {"items": []})
        assert [await answered(one) for one in held] == [(200, {"items": []})] * 3

    run(test())


def test_when_all_places_are_taken_everybody_is_told_to_come_back(bot: Caller) -> None:
    other = machine("other", OPERATOR)

    async def test() -> None:
        app = web()
        app.waits = ConnectionLimit(an_account=5, in_all=1)
        held = lease_of(bot, wait=2, to=app)
        assert await held.receive_nothing(0.4)
        assert await refusal(lease_of(other, wait=2, to=app)) == (503, True)
        await answered(held)

    run(test())


class Counted(Patience):
    """Counts how often it asks the application, as `asked` of the calls."""

    def __init__(self, app: Any, calls: dict[str, int]) -> None:
        super().__init__(app)
        self.calls = calls

    async def ask(self, *args: Any, **more: Any) -> Any:
        self.calls["asked"] += 1
        return await super().ask(*args, **more)


def test_sixty_idle_workers_cost_about_what_one_costs(
    bot: Caller, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: dict[str, int] = {"asked": 0, "looks": 0}
    look = lookout.find_news

    def counted(*args: Any) -> Any:
        calls["looks"] += 1
        return look(*args)

    monkeypatch.setattr(lookout, "find_news", counted)

    async def test() -> None:
        app = Counted(web().app, calls)
        held = [asyncio.ensure_future(answered(lease_of(bot, wait=20, to=app))) for _ in range(60)]
        while len(app.lookout.workers) < 60:
            await asyncio.sleep(0.05)
        calls["asked"] = calls["looks"] = 0
        await asyncio.sleep(3)
        idle, started = dict(calls), time.monotonic()
        project = await asyncio.to_thread(opened, step("only"))
        served_first, _rest = await asyncio.wait(held, timeout=10, return_when="FIRST_COMPLETED")
        took = time.monotonic() - started
        with capsys.disabled():
            print(f"\n60 idle workers in 3 s: {idle}; an item is served in {took:.2f} s, {calls['asked']} asked")  # noqa: T201
        items = [item for one in served_first for item in one.result()[1]["items"]]
        assert [leased["item"]["project"] for leased in items] == [str(project.pk)]
        assert idle["asked"] == 0
        assert idle["looks"] <= 8
        assert calls["asked"] <= 5

    run(test())


def test_pages_are_on_time_beside_all_who_wait_and_follow(
    bot: Caller, record_property: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    project, app = opened(step("only")), web()
    readers = [bot, *(machine(f"reader-{n}", OPERATOR) for n in range(3))]
    with served(Bodies(app)) as port, ExitStack() as held:
        before = seconds_of_a_page(port)
        waiting = [sent(port, bot, "POST", "work/lease", {"agent": "nobody", "wait": 30}) for _ in range(60)]
        streams = [sent(port, one, "GET", f"projects/{project.pk}/events/stream") for one in readers for _ in range(37)]
        for one in (*waiting, *streams):
            held.callback(one.close)
        statuses = [one.getresponse().status for one in streams]
        wait_until(lambda: len(app.lookout.workers) == 60, 30)
        during = seconds_of_a_page(port)
    with capsys.disabled():
        print(f"\nA page: {before:.3f} s; beside 60 who wait and 148 who would follow: {during:.3f} s")  # noqa: T201
    assert sorted(statuses) == [200] * 4 * MOST_STREAMS + [429] * 4 * (37 - MOST_STREAMS)
    assert during < 5 * before + 0.3
