"""What is missing before an item may go: inputs of its contract, a figure not said which, an approval."""

import re
from collections.abc import Iterable, Sequence
from uuid import UUID

from backlog.blueprints import Definition, definition_of
from backlog.flow.orchestration import When
from backlog.models import Item, WorkContext
from backlog.selectors import contexts
from backlog.work import ProjectWork
from clarifications.asking import ask_approval, ask_input
from clarifications.contract import MissingField, missing_fields
from clarifications.selectors import load_questions


def ask_for_missing(work: ProjectWork, items: Sequence[Item], when: When) -> None:
    """Block each item that lacks something and ask for it: one question a project and field."""
    for_approval = [item for item in items if wants_approval(item, when)]
    with_needs = [] if when == "before_done" else [item for item in items if may_need(item)]
    if not for_approval and not with_needs:
        return
    lacking = missing_by_field(work, with_needs, when)
    load_questions(work, {item.project_id for item in for_approval} | {project for project, _ in lacking})
    for field, waiting in lacking.values():
        ask_input(work, waiting, field, asked_by=f"{template_of(waiting[0]).name} template")
    for item in for_approval:
        if item.held_for or item.state == "READY":
            ask_approval(work, item)


def wants_approval(item: Item, when: When) -> bool:
    """Whether somebody has to approve the item now."""
    if when == "before_done":
        return item.held_for == Item.Held.APPROVAL
    return when == "before_dispatch" and item.approval == Item.Approval.BEFORE and not item.approved


def template_of(item: Item) -> Definition:
    """The template version that the item's project keeps."""
    return definition_of(item.project.template_id)


def may_need(item: Item) -> bool:
    """Whether the item's template asks anything of the work context."""
    template = template_of(item)
    return bool(template.item(item.key).needs) or any(figure.blocks == item.key for figure in template.figures)


def missing_by_field(
    work: ProjectWork, items: Sequence[Item], when: When
) -> dict[tuple[UUID, str], tuple[MissingField, list[Item]]]:
    """(project, field) → what is missing and the items that wait for it."""
    known = contexts(work, {item.project_id for item in items})
    found: dict[tuple[UUID, str], tuple[MissingField, list[Item]]] = {}
    for item in items:
        for field in missing_for(item, known[item.project_id], when):
            found.setdefault((item.project_id, field.name), (field, []))[1].append(item)
    return found


def missing_for(item: Item, context: WorkContext, when: When) -> Iterable[MissingField]:
    """What one item lacks; figures named without saying which are looked for at intake only."""
    template = template_of(item)
    yield from missing_fields(template.item(item.key).needs, context.data)
    if when == "at_intake":
        for figure in template.figures:
            said = mentioned(str(context.data.get("request_text", "")), figure.mentioned_as)
            if figure.blocks == item.key and said and figure.field not in context.data:
                yield MissingField(figure.field, figure.ask, f"The request speaks of “{said}” without saying which.")


def mentioned(text: str, words: Sequence[str]) -> str:
    """The first of the words that the text contains, whole and in any case; empty when none is."""
    return next((word for word in words if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)), "")
