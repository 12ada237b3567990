"""The story of a project on its admin page: its events as a tree, each event under the event that caused it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from django.db.models import TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Left
from django.utils.translation import gettext as _

from backlog.models import Item, Project
from backlog.selectors import project_events
from events.models import Event
from pages.presentation import translated
from schemas.registry import registry

# The most events that a story shows.
LONGEST = 300
# In characters; a longer payload is cut.
LONGEST_PAYLOAD = 4000


@dataclass
class Happening:
    """One event in words. `effects` are the events that it caused, `about` its reason, title or field as stored."""

    event: Any
    words: str
    item: str
    about: str
    payload: str
    is_complete: bool
    effects: list["Happening"] = field(default_factory=list)


def project_story(project: Project, *, limit: int = LONGEST) -> list[Any]:
    """Return the first `limit` events of the project as nested chains, one for each event without a cause among them.

    See `chain` for the form of a chain.
    """
    by_id = happenings(project, limit)
    roots: list[Happening] = []
    for happening in by_id.values():
        cause = by_id.get(happening.event.causation_id)
        (cause.effects if cause else roots).append(happening)
    return [chain(root) for root in roots]


def chain(first: Happening) -> dict[str, Any]:
    """Return the chain that begins with this event: `links` and `branches`.

    Each of the `links` is the only effect of the one before it. `branches` has one chain for each effect of the last
    link, if it has several.
    """
    links = [first]
    while len(links[-1].effects) == 1:
        links.append(links[-1].effects[0])
    return {"links": links, "branches": [chain(effect) for effect in links[-1].effects]}


def happenings(project: Project, limit: int) -> dict[UUID, Happening]:
    """Return the project's first `limit` events by id, in order; only the beginning of a large payload is read."""
    item_titles = {str(pk): key for pk, key in Item.objects.filter(project=project).values_list("pk", "title")}
    reason = Coalesce(KT("payload__reason"), KT("payload__title"), KT("payload__field"))
    events = project_events(project.pk).annotate(
        item_id=KT("payload__backlog_item_id"),
        about=Left(reason, 300),
        beginning=Left(Cast("payload", TextField()), LONGEST_PAYLOAD),
    )
    return {event.event_id: happening(event, item_titles) for event in events.defer("payload")[:limit]}


def happening(event: Any, item_titles: dict[str, str]) -> Happening:
    """Return the event in words; `item_titles` has the title for each item id."""
    is_complete = len(event.beginning) < LONGEST_PAYLOAD
    payload = indented_json(event.beginning) if is_complete else event.beginning
    item = item_titles.get(event.item_id or "", "")
    about = "" if event.about == item else event.about or ""
    return Happening(event, event_in_words(event), translated(item), about, payload, is_complete)


def indented_json(text: str) -> str:
    """Return the JSON text with indentation."""
    return orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()


def event_in_words(event: Event) -> str:
    """Return the first sentence of the description in the event's schema, translated; else the event's type."""
    known = registry().knows(event.type, event.version)
    description = registry().schema(event.type, event.version).get("description", "") if known else ""
    first = str(description).partition(". ")[0].rstrip(".")
    return _(first) if first else event.type
