"""What happened in a project, as a tree: each event under the event that caused it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from django.db.models import TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Left
from django.utils.translation import gettext as _

from backlog.models import Item, Project
from backlog.selectors import timeline
from events.models import Event
from pages.presentation import spoken
from schemas.registry import registry

LONGEST = 300
LONGEST_PAYLOAD = 4000


@dataclass
class Happening:
    """One event in words; `branches` are the chains of events it caused, where it caused several."""

    event: Any
    words: str
    item: str
    about: str
    payload: str
    whole: bool
    effects: list["Happening"] = field(default_factory=list)


def story(project: Project, *, limit: int = LONGEST) -> list[Any]:
    """The first events of the project as nested chains.

    A chain is a list of happenings, each the only effect of the one before it; a chain's last happening may be
    followed by a list of chains, one for each of its several effects.
    """
    told = happenings(project, limit)
    roots: list[Happening] = []
    for happening in told.values():
        cause = told.get(happening.event.causation_id)
        (cause.effects if cause else roots).append(happening)
    return [chain(root) for root in roots]


def chain(first: Happening) -> dict[str, Any]:
    """A chain: its `links`, and the `branches` after the last of them."""
    links = [first]
    while len(links[-1].effects) == 1:
        links.append(links[-1].effects[0])
    return {"links": links, "branches": [chain(effect) for effect in links[-1].effects]}


def happenings(project: Project, limit: int) -> dict[UUID, Happening]:
    """The project's first events by id, in order; of a large payload only the beginning is read."""
    keys = {str(pk): key for pk, key in Item.objects.filter(project=project).values_list("pk", "title")}
    reason = Coalesce(KT("payload__reason"), KT("payload__title"), KT("payload__field"))
    found = timeline(project.pk).annotate(
        item_id=KT("payload__backlog_item_id"),
        about=Left(reason, 300),
        beginning=Left(Cast("payload", TextField()), LONGEST_PAYLOAD),
    )
    return {event.event_id: happening(event, keys) for event in found.defer("payload")[:limit]}


def happening(event: Any, keys: dict[str, str]) -> Happening:
    """One event in words."""
    whole = len(event.beginning) < LONGEST_PAYLOAD
    payload = indented(event.beginning) if whole else event.beginning
    item = keys.get(event.item_id or "", "")
    about = "" if event.about == item else event.about or ""
    return Happening(event, in_words(event), spoken(item), spoken(about), payload, whole)


def indented(text: str) -> str:
    """JSON for reading."""
    return orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()


def in_words(event: Event) -> str:
    """What its contract says, in its first sentence, that such an event means."""
    known = registry().knows(event.type, event.version)
    means = registry().schema(event.type, event.version).get("description", "") if known else ""
    first = str(means).partition(". ")[0].rstrip(".")
    return _(first) if first else event.type
