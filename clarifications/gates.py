"""The gate that this room adds to the backlog (`backlog.flow.orchestration.GATES`): it asks people for what is missing.

An item needs its inputs and, if its template says so, an approval. If the request mentions a figure, such as "our
KPI", without saying which one, the item that the template names needs that figure too. If the request's file can be
read in several ways, every item but those that read the request's words alone waits until a person has said which way.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop

from backlog.blueprints import definition_of
from backlog.blueprints.definition import Definition
from backlog.flow.orchestration import When
from backlog.models import Item, WorkContext
from backlog.selectors import work_contexts
from backlog.work import ProjectWork
from clarifications.asking import ask_approval, ask_input
from clarifications.contract import MissingField, missing_fields
from clarifications.period_question import without_period
from clarifications.reading_questions import is_about_reading, reading_fields
from clarifications.selectors import load_questions

# The type of items that use the request's words and not its rows.
WORDS_ONLY = "requirements"
MENTIONED = gettext_noop("The request mentions “%(word)s” without saying which.")
# What asks how a file is to be read.
READER = "spreadsheet reader"


def ask_for_missing(work: ProjectWork, items: Sequence[Item], when: When) -> None:
    """Ask for the fields and approvals that the items lack at this point, and block those items.

    Several items of a project that lack the same field wait for one question.
    """
    for_approval = [item for item in items if needs_approval(item, when)]
    # Finished work needs no inputs any more. Without needs or approvals nothing is loaded from the database.
    with_needs = [] if when == "before_done" else [item for item in items if has_needs(item)]
    if not for_approval and not with_needs:
        return
    missing = missing_by_field(work, with_needs, when)
    load_questions(work, {item.project_id for item in for_approval} | {project_id for project_id, _field in missing})
    for field, waiting in missing.values():
        asked_by = READER if is_about_reading(field) else f"{template_of(waiting[0]).name} template"
        ask_input(work, waiting, field, asked_by=asked_by)
    for item in for_approval:
        # An item that was blocked for a field just now is asked about when it is READY again.
        if item.held_for or item.state == "READY":
            ask_approval(work, item)


def needs_approval(item: Item, when: When) -> bool:
    """Return True if the item needs an approval at this point: to start, or for its finished work, which is held."""
    if when == "before_done":
        return item.held_for == Item.Held.APPROVAL
    return when == "before_dispatch" and item.approval == Item.Approval.BEFORE and not item.approved


def template_of(item: Item) -> Definition:
    """Return the definition of the template version that the item's project uses."""
    return definition_of(item.project.template_id)


def has_needs(item: Item) -> bool:
    """Return True if the item needs a field, a figure or a settled file, whether or not the work context has it."""
    template = template_of(item)
    if needs_settled_file(item) or template.item(item.key).needs:
        return True
    return any(figure.blocks == item.key for figure in template.figures)


def needs_settled_file(item: Item) -> bool:
    """Return True if the project's file was in doubt when it was read, and the item may use its rows.

    Templates do not say which items use rows, and a generic worker may. Only requirements are made from the request's
    words alone, so that their items need not wait.
    """
    return item.item_type != WORDS_ONLY and bool(item.project.intake.get("questions"))


def missing_by_field(
    work: ProjectWork, items: Sequence[Item], when: When
) -> dict[tuple[UUID, str], tuple[MissingField, list[Item]]]:
    """Return {(project id, field name): (the missing field, its items)}. Loads all contexts in one query."""
    contexts = work_contexts(work, {item.project_id for item in items})
    missing: dict[tuple[UUID, str], tuple[MissingField, list[Item]]] = {}
    for item in items:
        for field in missing_for(item, contexts[item.project_id], when):
            missing.setdefault((item.project_id, field.name), (field, []))[1].append(item)
    return missing


def missing_for(item: Item, context: WorkContext, when: When) -> Iterable[MissingField]:
    """Yield how the file is to be read, the fields that the context lacks, and at intake the figures mentioned."""
    template = template_of(item)
    if needs_settled_file(item):
        yield from reading_fields(context.data)
    needs = template.item(item.key).needs
    missing = without_period(missing_fields(needs, context.data), needs, context.data)
    # The rows of a file in doubt are there: what is missing is how to read them.
    asked = (field for field in missing if field.name != "rows" or "readings" not in context.data)
    yield from (with_currency(field, context.data) for field in asked)
    if when == "at_intake":
        for figure in template.figures:
            word = first_mentioned_word(str(context.data.get("request_text", "")), figure.mentioned_as)
            if figure.blocks == item.key and word and figure.field not in context.data:
                reason = {"template": MENTIONED, "values": {"word": word}}
                schema = {**figure.ask, "x_reason": reason}
                yield MissingField(figure.field, schema, MENTIONED % {"word": word})


def with_currency(field: MissingField, data: Mapping[str, Any]) -> MissingField:
    """Return the field; an hourly rate with the currency in which it is asked for as its unit, if that is known."""
    if field.name != "hourly_rate" or not data.get("currency"):
        return field
    return replace(field, schema={"x_unit": data["currency"], **field.schema})


def first_mentioned_word(text: str, words: Sequence[str]) -> str:
    """Return the first of `words` that is a whole word of the text, in upper or lower case; "" if none is."""
    return next((word for word in words if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)), "")
