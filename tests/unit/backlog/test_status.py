"""A project's status says what its items say."""

import pytest

from backlog.flow.opening import title_from_request
from backlog.flow.orchestration import status_of
from backlog.models import Item


def items(*states: str, held_for: str = "", waiting_on: int = 0) -> list[Item]:
    """Items in these states; only the last is held or waits for others."""
    made = [Item(state=state, title=f"Item {n}", reason="Broke.") for n, state in enumerate(states)]
    made[-1].held_for, made[-1].waiting_on = held_for, waiting_on
    return made


@pytest.mark.parametrize(
    ("states", "status"),
    [
        (("DONE", "DONE"), "DONE"),
        (("DONE", "CANCELLED"), "DONE"),
        (("CANCELLED", "CANCELLED"), "CANCELLED"),
        (("IN_PROGRESS", "CREATED"), "OPEN"),
        (("IN_PROGRESS", "BLOCKED"), "WAITING"),
        (("FAILED", "BLOCKED"), "WAITING"),
        (("FAILED", "IN_PROGRESS"), "OPEN"),
        (("FAILED", "READY"), "OPEN"),
        (("FAILED", "CREATED"), "FAILED"),
        (("FAILED", "DONE"), "FAILED"),
        (("FAILED", "CANCELLED"), "FAILED"),
    ],
    ids=" ".join,
)
def test_the_status_follows_from_the_states(states: tuple[str, ...], status: str) -> None:
    assert status_of(items(*states))[0] == status


def test_work_that_waits_for_its_approval_makes_the_project_wait() -> None:
    assert status_of(items("IN_PROGRESS", held_for="approval"))[0] == "WAITING"


def test_a_ready_item_that_waits_for_a_failed_one_keeps_nothing_open() -> None:
    assert status_of(items("FAILED", "READY", waiting_on=1))[0] == "FAILED"


def test_a_failed_project_says_which_items_failed_and_why() -> None:
    assert status_of(items("FAILED", "FAILED"))[1] == "Item 0: Broke.; Item 1: Broke."


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("  Find   the\nleak ", "Find the leak"),
        ("", "Untitled request"),
        ("x" * 100, "x" * 77 + "…"),
        ("y" * 78, "y" * 78),
    ],
    ids=["blanks", "empty", "long", "just fits"],
)
def test_a_title_is_made_of_the_first_words(text: str, title: str) -> None:
    assert title_from_request(text) == title
