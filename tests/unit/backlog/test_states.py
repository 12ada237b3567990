"""Every edge of the two lifecycle tables can be taken, every other is refused, and refusing changes nothing."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from backlog.models import Item, Project
from backlog.states import CANCELLABLE_STATES, ITEM_EDGES, PROJECT_EDGES, ItemState, ProjectStatus
from clarifications.models import Question, QuestionStatus
from events.lifecycle import IllegalTransition

ITEM_MOVES = {
    "ready": "READY",
    "unblock": "READY",
    "retry": "READY",
    "block": "BLOCKED",
    "dispatch": "IN_PROGRESS",
    "finish": "DONE",
    "fail": "FAILED",
    "cancel": "CANCELLED",
}
PROJECT_MOVES = {"wait": "WAITING", "reopen": "OPEN", "finish": "DONE", "fail": "FAILED", "cancel": "CANCELLED"}
QUESTION_MOVES = {"accept": "ANSWERED", "decline": "DECLINED", "expire": "EXPIRED", "withdraw": "WITHDRAWN"}
QUESTION_EDGES = {
    status: set(QUESTION_MOVES.values()) if status == "OPEN" else set() for status in QuestionStatus.values
}

LIFECYCLES: list[tuple[Callable[[str], Any], str, dict[str, str], dict[str, set[str]]]] = [
    (lambda state: Item(state=state, title="One", key="one"), "state", ITEM_MOVES, ITEM_EDGES),
    (lambda status: Project(status=status, title="One"), "status", PROJECT_MOVES, PROJECT_EDGES),
    (lambda status: Question(status=status, title="One?"), "status", QUESTION_MOVES, QUESTION_EDGES),
]
PAIRS = [
    pytest.param(*lifecycle, start, target, id=f"{lifecycle[0]('x').__class__.__name__} {start} to {target}")
    for lifecycle in LIFECYCLES
    for start, target in product(lifecycle[3], lifecycle[3])
]


def moved(make: Callable[[str], Any], field: str, moves: dict[str, str], start: str, target: str) -> list[str]:
    """The methods that lead from one state to another; whatever is refused must have changed nothing."""
    led = []
    for name in (name for name, to in moves.items() if to == target):
        thing = make(start)
        try:
            getattr(thing, name)()
        except IllegalTransition:
            assert getattr(thing, field) == start
        else:
            assert getattr(thing, field) == target
            led.append(name)
    return led


@pytest.mark.parametrize(("make", "field", "moves", "edges", "start", "target"), PAIRS)
def test_a_move_is_possible_exactly_where_the_table_has_an_edge(
    make: Callable[[str], Any], field: str, moves: dict[str, str], edges: dict[str, set[str]], start: str, target: str
) -> None:
    assert len(moved(make, field, moves, start, target)) == (1 if target in edges[start] else 0)


@pytest.mark.parametrize(("make", "field", "moves", "edges"), LIFECYCLES, ids=["item", "project", "question"])
def test_every_transition_method_is_known_to_the_table(
    make: Callable[[str], Any], field: str, moves: dict[str, str], edges: dict[str, set[str]]
) -> None:
    model = type(make(next(iter(edges))))
    named = {t.name for t in getattr(make(next(iter(edges))), f"get_all_{field}_transitions")()}
    assert named == set(moves), model


def test_the_tables_name_every_state() -> None:
    assert set(ITEM_EDGES) == set(ItemState.values)
    assert set(PROJECT_EDGES) == set(ProjectStatus.values)


def test_anything_but_done_work_can_be_cancelled() -> None:
    assert set(CANCELLABLE_STATES) == set(ItemState.values) - {"DONE", "CANCELLED"}


def test_a_refusal_says_what_is_possible_instead() -> None:
    item = Item(state="BLOCKED", title="Cost", key="cost")
    with pytest.raises(
        IllegalTransition, match=r"is “Waits for an answer” and cannot become “Done”.*“Cancelled”, “Ready”"
    ):
        item.finish()


def test_a_refusal_in_a_final_state_says_so() -> None:
    with pytest.raises(IllegalTransition, match="It is final"):
        Project(status="DONE", title="One").cancel()
