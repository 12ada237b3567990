"""Histories that releases recorded end the same on the code of today, whose contracts allow all of their events."""

import os
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from accounts.roles import OPERATOR
from backlog.flow import replies
from tests import recording, replaying
from tests.callers import account
from tests.invariants import violations

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

FILES = sorted(recording.FOLDER.glob("*.ndjson"))
History = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def people(settings: Settings) -> None:
    """Who answers and approves in the histories, by events too; a retry does not wait."""
    settings.EVENT_APPROVERS = ["elsewhere"]
    settings.ITEM_RETRY_SECONDS = 0.0
    account(recording.SPEAKER, OPERATOR)


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def history(request: pytest.FixtureRequest) -> History:
    """Each recorded history."""
    path: Path = request.param
    return recording.read(path)


def ends(history: History) -> History:
    """What the history says its projects were in the end."""
    return [line["end"] for line in history if "end" in line]


def test_every_recorded_event_is_what_its_contract_of_today_allows(history: History) -> None:
    assert [fault for line in replaying.events_of(history) for fault in replaying.faults_of(line["event"])] == []


def test_the_recorded_events_alone_say_what_items_and_questions_were(history: History) -> None:
    found = replaying.projected(history)
    for end in ends(history):
        said = found[end["project"]]
        assert said["items"] == {key: item[0] for key, item in end["items"].items()}
        asked = [[field, status] for field, _, status in end["questions"]]
        assert sorted(said["questions"].values()) == sorted(asked)


def test_a_recorded_history_ends_the_same_on_the_code_of_today(history: History) -> None:
    assert replaying.replay(history) == ends(history)
    assert violations() == []


def test_a_history_of_today_covers_every_end() -> None:
    recording.live_through_everything()
    history = recording.recorded()
    if version := os.environ.get("RECORD_HISTORY"):
        recording.write(version)
    assert violations() == []
    assert {end["status"] for end in ends(history)} == {"DONE", "FAILED", "CANCELLED", "WAITING"}
    assert {item[0] for end in ends(history) for item in end["items"].values()} >= {"DONE", "FAILED", "CANCELLED"}


def test_a_release_that_retries_nothing_would_be_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "make_ready_again", lambda *_, **__: None)
    history = recording.read(FILES[-1])
    assert replaying.replay(history) != ends(history)
