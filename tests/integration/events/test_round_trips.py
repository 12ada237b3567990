"""How often a process waits for PostgreSQL while it handles an event: statements are sent together where possible."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from accounts.roles import ANSWERER
from backlog.consumers import OrchestratorConsumer
from backlog.states import ItemState
from clarifications.consumers import ClarificationsConsumer
from clarifications.models import Question
from events import outbox
from events.consumers import StreamConsumer
from tests.callers import account
from tests.flows import as_entries, completed, dispatch_of, envelope, item_of, opened, request, step, template

pytestmark = [
    pytest.mark.spine,
    pytest.mark.both,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite runs in this process."),
]

# BEGIN and the clock; claim, locks and what is read; writes and COMMIT.
TRIPS = 3
# Where libpq's trace has them in its lines.
SENDER, MESSAGE = 1, 3
NEED = {"type": "object", "required": ["ledger"], "properties": {"ledger": {"type": "string"}}}


@pytest.fixture(autouse=True)
def as_in_a_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The connection stays and is not asked whether it works; rows of the outbox are deleted with the next commit."""
    monkeypatch.setattr(outbox.published, "defers", True)
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 60)
    monkeypatch.setitem(connections.settings["default"], "CONN_HEALTH_CHECKS", False)
    connections.close_all()
    yield
    outbox.delete_published()


@contextmanager
def round_trips() -> Iterator[list[str]]:
    """A list that has at the end of the block the first message of each answer that this process waited for."""
    found: list[str] = []
    with tempfile.NamedTemporaryFile("w") as trace:
        connection.connection.pgconn.trace(trace.fileno())
        yield found
        connection.connection.pgconn.untrace()
        lines = [line.rstrip("\n").split("\t") for line in Path(trace.name).read_text(errors="replace").splitlines()]
    messages = [(fields[SENDER], fields[MESSAGE]) for fields in lines if len(fields) > MESSAGE]
    found += [message for (before, _), (sender, message) in pairwise(messages) if (before, sender) == ("F", "B")]


def trips_of(consumer: StreamConsumer, event: dict[str, Any]) -> int:
    """The round trips in which the consumer handles the event."""
    [entry] = as_entries([event])
    with round_trips() as found:
        assert consumer.handle([entry]) == {entry.entry_id: None}
    return len(found)


def test_a_reply_is_handled_in_three(broker: None) -> None:
    project = opened(step("only"), step("other"))
    assert trips_of(OrchestratorConsumer(), completed(dispatch_of(project))) == TRIPS
    assert item_of(project).state == ItemState.DONE


def test_a_request_is_handled_in_three_and_two_for_its_template(broker: None) -> None:
    assert trips_of(OrchestratorConsumer(), request(template(step("only")))) == TRIPS + 2


def test_an_answer_is_handled_in_three_and_one_for_the_account(broker: None) -> None:
    account("bob", ANSWERER)
    project = opened(step("only", needs=NEED))
    question = Question.objects.get(project=project)
    said = {"project_id": str(project.pk), "question_id": str(question.pk), "answer": "the main one"}
    answer = envelope("USER.ANSWER_SUBMITTED", said | {"answered_by": "bob"})
    assert trips_of(ClarificationsConsumer(), answer) == TRIPS + 1
    assert item_of(project).state == ItemState.IN_PROGRESS
