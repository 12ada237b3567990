"""Two versions of a template side by side: items, settings, graph and text. Pure: it reads no database."""

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext as _

from backlog.blueprints import Definition, ItemDefinition

Standing = Literal["added", "removed", "changed", "unchanged"]
# Unchanged lines shown around a change in the text.
CONTEXT_LINES = 3
ABSENT = object()


@dataclass(frozen=True, slots=True)
class Change:
    """What a setting was and is, as text; None where it is not there."""

    place: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class ChangedItem:
    """An item of both versions, as it is now, and how it differs."""

    item: ItemDefinition
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class GraphItem:
    """An item in the graph of both versions."""

    item: ItemDefinition
    standing: Standing


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of the text: `+` added, `-` removed, blank unchanged, `@` where unchanged lines are left out."""

    mark: Literal["+", "-", " ", "@"]
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the new version differs from the old one."""

    added: tuple[ItemDefinition, ...]
    removed: tuple[ItemDefinition, ...]
    changed: tuple[ChangedItem, ...]
    settings: tuple[Change, ...]
    items: tuple[GraphItem, ...]
    edges: tuple[tuple[str, str], ...]

    @property
    def differs(self) -> bool:
        """Whether there is any difference."""
        return bool(self.added or self.removed or self.changed or self.settings)


def compare(old: Definition, new: Definition) -> Comparison:
    """What was added, removed and changed from the old definition to the new one."""
    before, after = by_key(old), by_key(new)
    removed = tuple(item for key, item in before.items() if key not in after)
    changed = tuple(
        ChangedItem(item, found)
        for key, item in after.items()
        if key in before and (found := differ(before[key], item))
    )
    keys = {changed_item.item.key for changed_item in changed}
    items = [GraphItem(item, standing(item.key, before, keys)) for item in new.items]
    return Comparison(
        added=tuple(item for key, item in after.items() if key not in before),
        removed=removed,
        changed=changed,
        settings=(*differ(old, new), *reordered(list(before), list(after))),
        items=(*items, *(GraphItem(item, "removed") for item in removed)),
        edges=tuple(edges([*new.items, *removed])),
    )


def by_key(definition: Definition) -> dict[str, ItemDefinition]:
    """The items by their keys, in their order."""
    return {item.key: item for item in definition.items}


def standing(key: str, before: dict[str, ItemDefinition], changed: set[str]) -> Standing:
    """How an item of the new version stands to the old one."""
    if key not in before:
        return "added"
    return "changed" if key in changed else "unchanged"


def differ(old: Definition | ItemDefinition, new: Definition | ItemDefinition) -> tuple[Change, ...]:
    """How two of a kind differ, setting by setting; the items of a definition are left to others."""
    before, after = (part.model_dump(mode="json", exclude={"items"}) for part in (old, new))
    return tuple(changes(before, after))


def changes(old: Any, new: Any, place: str = "") -> Iterator[Change]:
    """Where two JSON values differ: within mappings entry by entry, anything else as a whole."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            yield from changes(old.get(key, ABSENT), new.get(key, ABSENT), f"{place}.{key}" if place else key)
    elif in_text(old) != in_text(new):
        yield Change(place, in_text(old), in_text(new))


def in_text(value: Any) -> str | None:
    """The value as text: JSON, which a number and its digits cannot be confused in; None when it is not there."""
    return None if value is ABSENT else json.dumps(value, ensure_ascii=False)


def reordered(old: list[str], new: list[str]) -> Iterator[Change]:
    """The order of the items that both versions have, if it changed."""
    before, after = [key for key in old if key in new], [key for key in new if key in old]
    if before != after:
        yield Change(_("order of the items"), ", ".join(before), ", ".join(after))


def edges(items: list[ItemDefinition]) -> Iterator[tuple[str, str]]:
    """Who waits for whom, as (earlier, later); a removed item shows what it waited for, which makes no cycle."""
    keys = {item.key for item in items}
    for item in items:
        yield from ((before, item.key) for before in item.depends_on if before in keys)


def line_diff(old: str, new: str) -> list[DiffLine]:
    """The difference between two texts, line by line, with a little around each change; empty when there is none."""
    found = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=CONTEXT_LINES))
    return [diff_line(line) for line in found[2:] if not line.startswith("@@ -1,")]


def diff_line(line: str) -> DiffLine:
    """A line of a unified diff."""
    mark = line[:1]
    if mark == "+":
        return DiffLine("+", line[1:])
    if mark == "-":
        return DiffLine("-", line[1:])
    return DiffLine("@", "") if mark == "@" else DiffLine(" ", line[1:])
