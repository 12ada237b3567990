"""Leases: each item to one worker, kept by a word, lost by silence, and replies by the rules of the streams."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, cast

import orjson
import polars as pl
import pytest
from django.db import connection
from django.db.models import F

from accounts.models import User
from accounts.roles import OPERATOR
from backlog.flow import due, leases
from backlog.models import Deliverable, Item, Lease
from clarifications.models import Question
from events import artifacts
from events.models import Event
from intake.spreadsheets.parquet import frames_of, write_frames
from intake.spreadsheets.rows import Row
from tests.callers import Caller, key_of, machine
from tests.flows import answer, deliverable, item_of, opened, step

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

AGENT = "foreign_worker"
PROJECTS, ITEMS, WORKERS, EACH = 5, 200, 200, 5
if connection.vendor == "sqlite":  # which lets one write at a time: the same with fewer
    PROJECTS, WORKERS = 1, 40


@pytest.fixture
def bot() -> Caller:
    """A machine that may do everything an operator may, and every agent's items."""
    return machine("bot", OPERATOR)


def lease(caller: Caller, **more: Any) -> dict[str, Any]:
    """The one item that the caller gets."""
    response = caller.post("work/lease", {"agent": AGENT, **more})
    assert response.status_code == 200, response.content
    [leased] = response.json()["items"]
    found: dict[str, Any] = leased
    return found


def let_time_pass(seconds: float) -> None:
    """Move every deadline and every wait into the past, and let the clock be looked at."""
    by = timedelta(seconds=seconds)
    Item.objects.exclude(deadline_at=None).update(deadline_at=F("deadline_at") - by)
    Item.objects.exclude(not_before=None).update(not_before=F("not_before") - by)
    due.do_what_is_due()


@pytest.mark.both
# -- one each --------------------------------------------------------------------------------------
@pytest.mark.timeout(300)
def test_many_workers_at_once_get_each_of_many_items_once() -> None:
    for _ in range(PROJECTS):
        opened(*(step(f"i{n}") for n in range(ITEMS)))

    def work(number: int) -> list[str]:
        try:
            return [
                str(one.item.pk)
                for one in leases.lease_items(AGENT, holder=User(username=f"w{number}"), most=EACH, seconds=600)
            ]
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        got = [item for items in pool.map(work, range(WORKERS)) for item in items]
    while more := work(WORKERS):  # who met others at the same items went away with less
        got += more
    assert Counter(Counter(got).values()) == {1: PROJECTS * ITEMS}
    assert Event.objects.filter(type="WORK.ITEM_STARTED").count() == Lease.objects.count() == PROJECTS * ITEMS


@pytest.mark.both
def test_an_item_in_hand_is_given_to_nobody_else(bot: Caller) -> None:
    opened(step("only"))
    lease(bot)
    assert machine("other").post("work/lease", {"agent": AGENT}).json() == {"items": []}


def test_a_key_gets_the_items_of_its_agents_only() -> None:
    opened(step("only"))
    stranger = machine("stranger", OPERATOR, "work:cost_worker")
    assert stranger.post("work/lease", {"agent": AGENT}).status_code == 403


# -- kept and lost ---------------------------------------------------------------------------------
def test_a_heartbeat_keeps_the_lease_and_silence_loses_it(bot: Caller) -> None:
    project = opened(step("only", max_attempts=3))
    first = lease(bot, seconds=10)
    let_time_pass(8)
    assert bot.post(f"work/{first['lease']}/heartbeat").status_code == 200
    let_time_pass(8)
    assert bot.post(f"work/{first['lease']}/progress", {"done": 1, "total": 2}).status_code == 200
    let_time_pass(11)
    late = bot.post(f"work/{first['lease']}/complete", {"evidence": {}})
    assert (late.status_code, late.json()["type"]) == (409, "urn:interlock:problem:stale-lease")
    let_time_pass(3600)
    second = lease(machine("other"), seconds=10)
    assert (second["item"]["id"], second["item"]["failures"]) == (first["item"]["id"], 1)
    assert item_of(project).state == "IN_PROGRESS"


def test_an_item_that_nobody_finishes_fails_once_its_budget_is_used_up(bot: Caller) -> None:
    project = opened(step("only", max_attempts=2))
    for _ in range(2):
        lease(bot, seconds=10)
        let_time_pass(11)
        let_time_pass(3600)
    assert (item_of(project).state, item_of(project).failures) == ("FAILED", 2)
    assert bot.post("work/lease", {"agent": AGENT}).json() == {"items": []}


def test_another_account_cannot_reply_for_the_holder(bot: Caller) -> None:
    opened(step("only"))
    held = lease(bot)
    assert machine("other").post(f"work/{held['lease']}/complete", {"evidence": {}}).status_code == 409


def test_another_key_of_the_holder_replies_for_its_own_agents_only(bot: Caller) -> None:
    opened(step("only"))
    held = lease(bot)
    assert key_of(bot, "work:cost_worker").post(f"work/{held['lease']}/complete", {"evidence": {}}).status_code == 403
    assert key_of(bot, "work:cost_worker").post(f"work/{held['lease']}/heartbeat").status_code == 403
    assert key_of(bot, f"work:{AGENT}").post(f"work/{held['lease']}/heartbeat").status_code == 200


# -- replies ---------------------------------------------------------------------------------------
def test_work_that_is_delivered_and_completed_is_done(bot: Caller) -> None:
    project = opened(step("only", done_when={"deliverable": "result"}))
    held = lease(bot)
    made = {**deliverable()["deliverable"], "content": {"n": 1}}
    del made["timestamp"]
    assert bot.post(f"work/{held['lease']}/deliverables", made).status_code == 201
    done = bot.post(f"work/{held['lease']}/complete", {"evidence": {}})
    assert (done.json()["state"], done.json()["expires_at"]) == ("DONE", None)
    file = bot.get(f"deliverables/{Deliverable.objects.get().pk}/file")
    assert (file.json(), file["Content-Disposition"].startswith("attachment; filename=")) == ({"n": 1}, True)
    assert (item_of(project).state, Deliverable.objects.get().content) == ("DONE", {"n": 1})
    said = Event.objects.filter(service=AGENT).order_by("seq").values_list("type", flat=True)
    assert list(said) == ["WORK.ITEM_STARTED", "DELIVERABLE.PUBLISHED", "WORK.ITEM_COMPLETED"]
    assert not Lease.objects.exists()


def test_evidence_that_misses_the_definition_of_done_does_not_finish_an_item(bot: Caller) -> None:
    evidence = {"type": "object", "required": ["checked"]}
    project = opened(step("only", done_when={"evidence": evidence}, max_attempts=1))
    held = lease(bot)
    assert bot.post(f"work/{held['lease']}/complete", {"evidence": {}}).json()["state"] == "FAILED"
    assert "checked" in item_of(project).reason


def test_a_worker_that_asks_gets_the_item_again_with_the_answer(bot: Caller) -> None:
    opened(step("only"))
    held = lease(bot)
    rate = {"type": "number", "title": "Rate"}
    asked = bot.post(f"work/{held['lease']}/ask", {"reason": "It is not said.", "fields": {"rate": rate}})
    assert asked.json()["state"] == "BLOCKED"
    answer(Question.objects.get(), 45)
    assert lease(bot)["work_context"]["rate"] == 45


def test_a_worker_that_gives_up_for_good_fails_the_item(bot: Caller) -> None:
    project = opened(step("only"))
    held = lease(bot)
    assert bot.post(f"work/{held['lease']}/fail", {"reason": "Broken.", "retryable": False}).json()["state"] == "FAILED"
    assert item_of(project).reason == "Broken."


@pytest.mark.both
def test_a_reply_sent_twice_with_a_key_is_applied_once_and_answered_twice(bot: Caller) -> None:
    opened(step("only"))
    held = lease(bot)
    path, headers = f"work/{held['lease']}/complete", {"Idempotency-Key": "k"}
    answers = [bot.post(path, {"evidence": {}}, headers=headers) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert Event.objects.filter(type="WORK.ITEM_COMPLETED").count() == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("progress", {"done": -1, "total": 2}),
        ("deliverables", {"type": "t", "content": {}, "confidence": 2}),
        ("complete", {"evidence": []}),
        ("fail", {"reason": ""}),
        ("ask", {"reason": "r", "fields": {"rate": {"type": "number", "pattern": "(a+)+"}}}),
    ],
)
def test_a_reply_that_its_contract_forbids_is_refused_and_changes_nothing(
    bot: Caller, path: str, body: dict[str, Any]
) -> None:
    project = opened(step("only"))
    held = lease(bot)
    assert bot.post(f"work/{held['lease']}/{path}", body).status_code == 422
    assert item_of(project).state == "IN_PROGRESS"


def test_rows_too_many_for_an_event_are_read_by_their_reference(bot: Caller, settings: Any) -> None:
    settings.CLAIM_CHECK_BYTES = 200
    opened(step("only"), work_context={"rows": [{"text": f"Task {n}"} for n in range(50)]})
    held = lease(bot)
    reference = held["work_context"]["rows_ref"]
    path = f"work/{held['lease']}/artifacts/{reference['id']}"
    lines = b"".join(bot.get(path).streaming_content).splitlines()
    assert (len(lines), lines[0]) == (50, b'{"text":"Task 0"}')
    assert machine("other").get(path).status_code == 404
    assert bot.get(f"work/{held['lease']}/artifacts/{'0' * 64}").status_code == 404


def test_large_rows_are_fetched_as_parquet_by_format_or_by_media_type(
    bot: Caller, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with artifacts.new_file() as file:
        row: Row = {"text": "Call", "category": "Ops", "estimated_minutes": 5}
        write_frames(frames_of([(row, 300_000)]), cast(Any, file))
        reference = artifacts.keep_file(file, rows=1, media_type=artifacts.PARQUET)
    settings.CLAIM_CHECK_BYTES = 1
    monkeypatch.setattr(artifacts, "store", lambda rows, media_type: reference)
    opened(step("only"), work_context={"rows": [row]})
    path = f"work/{lease(bot)['lease']}/artifacts/{reference['id']}"
    for given in (bot.get(f"{path}?format=parquet"), bot.get(path, headers={"accept": artifacts.PARQUET})):
        assert given["Content-Type"] == artifacts.PARQUET
        assert pl.read_parquet(b"".join(given.streaming_content))["milliseconds"].to_list() == [300_000]
    lines = b"".join(bot.get(f"{path}?format=ndjson").streaming_content).splitlines()
    assert orjson.loads(lines[0]) == row


def test_rows_stored_as_lines_cannot_be_fetched_as_parquet(bot: Caller, settings: Any) -> None:
    settings.CLAIM_CHECK_BYTES = 200
    opened(step("only"), work_context={"rows": [{"text": f"Task {n}"} for n in range(50)]})
    held = lease(bot)
    path = f"work/{held['lease']}/artifacts/{held['work_context']['rows_ref']['id']}"
    assert bot.get(f"{path}?format=parquet").status_code == 406
