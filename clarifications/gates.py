"""The gate of clarifications: before an item goes on it needs its inputs, the figures it mentions, and its approval."""

import re
from collections.abc import Iterable, Sequence
from uuid import UUID

from backlog.blueprints import Definition, definition_of
from backlog.flow.orchestration import When
from backlog.models import Item, WorkContext
from backlog.selectors import work_contexts
from backlog.work import ProjectWork
from clarifications.asking import ask_approval, ask_input
from clarifications.contract import MissingField, missing_fields
from clarifications.selectors import load_questions


def ask_for_missing(work: ProjectWork, items: Sequence[Item], when: When) -> None:
    """Ask for what the items lack and block them: one question for each project and field."""
    for_approval = [item for item in items if wants_approval(item, when)]
    with_needs = [] if when == "before_done" else [item for item in items if may_need(item)]
    if not for_approval and not with_needs:
        return
    missing = missing_by_field(work, with_needs, when)
    load_questions(work, {item.project_id for item in for_approval} | {project for project, _ in missing})
    for field, waiting in missing.values():
        ask_input(work, waiting, field, asked_by=f"{template_of(waiting[0]).name} template")
    for item in for_approval:
        if item.held_for or item.state == "READY":
            ask_approval(work, item)


def wants_approval(item: Item, when: When) -> bool:
    """Return True if the item needs an approval at this point."""
    if when == "before_done":
        return item.held_for == Item.Held.APPROVAL
    return when == "before_dispatch" and item.approval == Item.Approval.BEFORE and not item.approved


def template_of(item: Item) -> Definition:
    """Return the definition of the template version that the item's project uses."""
    return definition_of(item.project.template_id)


def may_need(item: Item) -> bool:
    """Return True if the item's template needs any field of the work context for this item."""
    template = template_of(item)
    return bool(template.item(item.key).needs) or any(figure.blocks == item.key for figure in template.figures)


def missing_by_field(
    work: ProjectWork, items: Sequence[Item], when: When
) -> dict[tuple[UUID, str], tuple[MissingField, list[Item]]]:
    """Return (project id, field name) → the missing field and the items that need it; one query for the contexts."""
    known = work_contexts(work, {item.project_id for item in items})
    missing: dict[tuple[UUID, str], tuple[MissingField, list[Item]]] = {}
    for item in items:
        for field in missing_for(item, known[item.project_id], when):
            missing.setdefault((item.project_id, field.name), (field, []))[1].append(item)
    return missing


def missing_for(item: Item, context: WorkContext, when: When) -> Iterable[MissingField]:
    """Yield the fields that the item lacks; figures that the request only mentions are looked for at intake only."""
    template = template_of(item)
    yield from missing_fields(template.item(item.key).needs, context.data)
    if when == "at_intake":
        for figure in template.figures:
            word = first_mentioned_word(str(context.data.get("request_text", "")), figure.mentioned_as)
            if figure.blocks == item.key and word and figure.field not in context.data:
                yield MissingField(figure.field, figure.ask, f"The request speaks of “{word}” without saying which.")


def first_mentioned_word(text: str, words: Sequence[str]) -> str:
    """Return the first of the words that the text has as a whole word, in upper or lower case; "" if none."""
    return next((word for word in words if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)), "")
