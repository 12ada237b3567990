"""Content of a question's admin page: earlier answers, the request's data, the work to approve."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.walls import belonging_to, organisation_of
from backlog.blueprints import definition_of
from backlog.flow.definition_of_done import check_faults, evidence_faults
from backlog.models import Deliverable, Item, WorkContext
from backlog.reading_words import ROW_TITLES
from backlog.readings import settled
from clarifications.models import Answer, Question
from clarifications.selectors import questions_for
from clarifications.wording import grouped_number, value_in_one_line

MOST_SUGGESTIONS = 5
# The most recent answers to the same field among which different ones are looked for.
LOOKED_THROUGH = 50
MOST_ROWS = 5
MOST_PEOPLE = 200


@dataclass(frozen=True)
class Suggestion:
    """An earlier answer to the same field: its value, its project, who gave it and when."""

    question_id: Any
    value: Any
    project: str
    by: str
    at: datetime

    @property
    def words(self) -> str:
        """The value in one line."""
        return value_in_one_line(self.value)


@dataclass(frozen=True)
class Criterion:
    """One criterion of a definition of done, and whether it is met."""

    words: str
    met: bool


def suggestions(question: Question, user: User) -> list[Suggestion]:
    """Return different earlier answers to the same field, newest first, from questions that the user may see."""
    answered = questions_for(user).filter(field=question.field, status="ANSWERED", kind=Question.Kind.INPUT)
    newest = answered.exclude(pk=question.pk).order_by("-closed_at").values("pk")[:LOOKED_THROUGH]
    by_words: dict[str, Suggestion] = {}
    answers = Answer.objects.filter(question__in=list(newest.values_list("pk", flat=True)))
    for answer in answers.select_related("question__project").order_by("-answered_at"):
        suggestion = Suggestion(
            answer.question_id, answer.value, answer.question.project.title, answer.answered_by, answer.answered_at
        )
        by_words.setdefault(suggestion.words, suggestion)
    return list(by_words.values())[:MOST_SUGGESTIONS]


def request_background(question: Question) -> dict[str, Any]:
    """Return the request's text and its first rows: `request_text`, `columns`, `rows`, and the total `rows_count`."""
    context = WorkContext.objects.filter(pk=question.project_id).first()
    data = settled(context.data) if context else {}
    rows = [row for row in data.get("rows") or [] if isinstance(row, dict)]
    first_rows = rows[:MOST_ROWS]
    columns = list(dict.fromkeys(key for row in first_rows for key in row))
    count = (data.get("rows_ref") or {}).get("rows", len(rows))
    return {
        "request_text": data.get("request_text", ""),
        "columns": [ROW_TITLES.get(column, column) for column in columns],
        "rows": [[shown_cell(row.get(column)) for column in columns] for row in first_rows],
        "rows_count": count,
    }


def shown_cell(value: Any) -> str:
    """Return a value of a row as a person reads it; an empty text for none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return grouped_number(value)
    return "" if value is None else str(value)


def approval_evidence(question: Question) -> dict[str, Any]:
    """Return what a person needs to decide on an approval; empty for a question of another kind.

    The `item`, the `deliverables` of its current dispatch, the `criteria` of its definition of done, its `evidence`.
    """
    item = Item.objects.filter(blockings__question=question).select_related("project").first()
    if question.kind != Question.Kind.APPROVAL or item is None:
        return {}
    delivered = Deliverable.objects.filter(item=item, dispatch_id=item.current_dispatch).order_by("timestamp")
    return {"item": item, "deliverables": list(delivered), "criteria": criteria(item), "evidence": item.evidence}


def criteria(item: Item) -> list[Criterion]:
    """Return the criteria of the item's definition of done; none is met before the item was worked on."""
    done_when = definition_of(item.project.template_id).item(item.key).done_when
    is_worked_on, given = item.evidence is not None, item.evidence or {}
    lines = []
    if done_when.deliverable:
        missing = done_when.deliverable not in item.delivered
        lines.append(Criterion(_("A deliverable of type %(type)s") % {"type": done_when.deliverable}, not missing))
    for name in done_when.checks:
        is_met = is_worked_on and not check_faults(name, given)
        lines.append(Criterion(_("Check: %(name)s") % {"name": name.replace("_", " ")}, is_met))
    if done_when.evidence:
        is_met = is_worked_on and not evidence_faults(done_when, given)
        lines.append(Criterion(_("Evidence as the template describes it"), is_met))
    return lines


def assignees(question: Question) -> dict[str, list[str]]:
    """Return the names that a question can be assigned to: `groups` and `people` of its organisation."""
    organisation = organisation_of(question.project)
    people = User.objects.filter(organisation=organisation, is_active=True, is_staff=True).order_by("username")
    groups = belonging_to(organisation, Group.objects.order_by("name"))
    return {
        "groups": list(groups.values_list("name", flat=True)),
        "people": list(people.values_list("username", flat=True)[:MOST_PEOPLE]),
    }
