"""What a project's page tells: where its items stand, what is known and who said it, what happened."""

from datetime import datetime
from typing import Any

from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Left

from backlog.models import Item, Project, WorkContext
from backlog.selectors import timeline
from backlog.states import ItemState
from events.admin_pages import pretty
from events.models import Event
from schemas.registry import registry

LONGEST_TIMELINE = 200


def standing(item: Item) -> str:
    """Where an item stands, in words."""
    if item.held_for:
        return item.get_held_for_display()
    if item.state == ItemState.READY and item.waiting_on:
        return f"Ready, once {item.waiting_on} other item{'s are' if item.waiting_on > 1 else ' is'} done"
    return item.get_state_display()


def known_fields(project: Project) -> list[dict[str, Any]]:
    """What is known, field by field, and who said it, when, through which door."""
    context = WorkContext.objects.filter(pk=project.pk).first()
    if context is None:
        return []
    return [
        {"field": field, "value": in_short(value), **said(context.provenance.get(field, {}))}
        for field, value in context.data.items()
    ]


def in_short(value: Any) -> Any:
    """A plain value as it is, a table as its size, anything else as JSON."""
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return f"{len(value):,} rows"
    return pretty(value) if isinstance(value, dict | list) and value else value


def said(provenance: dict[str, Any]) -> dict[str, Any]:
    """The provenance with its moment as one."""
    return {**provenance, "at": datetime.fromisoformat(provenance["at"]) if "at" in provenance else None}


def told(project: Project) -> list[dict[str, Any]]:
    """The beginning of the project's timeline in words; payloads stay in the database."""
    keys = {str(pk): key for pk, key in Item.objects.filter(project=project).values_list("pk", "key")}
    reason = Coalesce(KT("payload__reason"), KT("payload__title"), KT("payload__field"))
    events = timeline(project.pk).annotate(item_id=KT("payload__backlog_item_id"), about=Left(reason, 300))
    return [
        {"event": event, "words": in_words(event), "item": keys.get(event.item_id or "", ""), "about": event.about}
        for event in events.defer("payload")[:LONGEST_TIMELINE]
    ]


def in_words(event: Event) -> str:
    """What its contract says, in its first sentence, that such an event means."""
    known = registry().knows(event.type, event.version)
    means = registry().schema(event.type, event.version).get("description", "") if known else ""
    return str(means).partition(". ")[0].rstrip(".")
