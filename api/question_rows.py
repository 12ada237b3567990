"""Questions as a response shows them, made from rows of the database without an object or a serializer for each.

`QuestionShown` in `api.questions` describes the same fields for the OpenAPI document; a test compares the two.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.http import Http404

from api.approvals import approvals_in
from clarifications.models import Question
from clarifications.selectors import WAITING_ITEMS
from events.prepared import Prepared, rows_together

FIELDS = (
    *("id", "project", "kind", "field", "status", "revision", "title", "description", "schema", "pointer"),
    *("reason", "asked_by", "asked_at", "due_at", "closed_at", "assigned_to", "assigned_group"),
)
ANSWER_FIELDS = ("value", "answered_by", "answered_for", "door", "answered_at", "event_id")
Row = Mapping[str, Any]
# Field → column, for those whose names differ.
COLUMNS = {"project": "project_id", "assigned_to": "assigned_to__username", "schema": "schema_text"}
PAIRS = [(name, COLUMNS.get(name, name)) for name in FIELDS]
# Schemas are as many as the templates have fields, and most rows of a page have one that was read before.
MOST_SCHEMAS = 256


def question_rows(questions: QuerySet[Question]) -> QuerySet[Question, dict[str, Any]]:
    """Return the rows of these questions, for `shown_questions`."""
    columns = [
        *(COLUMNS.get(name, name) for name in FIELDS),
        "project__template_id",
        *(f"answer__{name}" for name in ANSWER_FIELDS),
    ]
    as_text = questions.annotate(schema_text=Cast("schema", TextField()))
    rows: QuerySet[Question, dict[str, Any]] = as_text.values(*columns)
    return rows


@lru_cache(MOST_SCHEMAS)
def schema_in(text: str) -> Any:
    """Return the schema that the text holds, to be shown and never changed."""
    return json.loads(text)


def shown_questions(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return the questions of these rows as a response shows them; one query for what waits for all of them."""
    found = list(rows)
    return shown_with(found, WAITING_ITEMS.rows(row["id"] for row in found))


def shown_with(rows: Iterable[Row], pairs: Iterable[Row]) -> list[dict[str, Any]]:
    """Return the questions of these rows, with the items of these pairs of a question and an item that waits for it."""
    rows = list(rows)
    approvals = approvals_in(rows)
    waiting: dict[UUID, list[UUID]] = defaultdict(list)
    for pair in pairs:
        waiting[pair["question_id"]].append(pair["item_id"])
    return [
        {
            **{name: row[column] for name, column in PAIRS},
            "schema": schema_in(row["schema_text"]),
            "waiting_items": waiting[row["id"]],
            "approvals": approvals.get(row["id"]),
            "answer": answer_in(row),
        }
        for row in rows
    ]


def answer_in(row: Row) -> dict[str, Any] | None:
    """Return the answer that the row has, or None."""
    if row["answer__answered_at"] is None:
        return None
    return {name: row[f"answer__{name}"] for name in ANSWER_FIELDS}


ONE_QUESTION = Prepared[dict[str, Any]](lambda ids: question_rows(Question.objects.filter(pk__in=ids)))


def shown_question(question_id: UUID) -> dict[str, Any]:
    """Return the question, whose caller was found to see it, as a response shows it. Raises Http404."""
    rows, pairs = rows_together((ONE_QUESTION, [question_id]), (WAITING_ITEMS, [question_id]))
    if not rows:
        raise Http404
    return shown_with(rows, pairs)[0]
