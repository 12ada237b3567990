"""Comparing two versions of a template: items, settings, graph and text. These functions read no database."""

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext as _

from backlog.blueprints.definition import Definition, ItemDefinition

Standing = Literal["added", "removed", "changed", "unchanged"]
# Unchanged lines that are shown around each change of the text.
CONTEXT_LINES = 3
# Marks a setting that one of the two versions does not have; None is a value.
ABSENT = object()


@dataclass(frozen=True, slots=True)
class Change:
    """A changed setting: its path, and its old and new value as JSON text, None where a version does not have it."""

    place: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class ChangedItem:
    """An item that both versions have, as the new version has it, and its changed settings."""

    item: ItemDefinition
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class GraphItem:
    """An item in the common graph of both versions, and whether it was added, removed, changed or neither."""

    item: ItemDefinition
    standing: Standing


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of the text comparison. Mark `+`: added, `-`: removed, blank: unchanged, `@`: unchanged lines left out."""

    mark: Literal["+", "-", " ", "@"]
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences of the new version from the old one; `edges` are (earlier key, later key)."""

    added: tuple[ItemDefinition, ...]
    removed: tuple[ItemDefinition, ...]
    changed: tuple[ChangedItem, ...]
    settings: tuple[Change, ...]
    items: tuple[GraphItem, ...]
    edges: tuple[tuple[str, str], ...]

    @property
    def differs(self) -> bool:
        """True if the two versions differ in anything."""
        return bool(self.added or self.removed or self.changed or self.settings)


def compare(old: Definition, new: Definition) -> Comparison:
    """Return what was added, removed and changed from the old definition to the new one."""
    before, after = by_key(old), by_key(new)
    removed = tuple(item for key, item in before.items() if key not in after)
    changed = tuple(
        ChangedItem(item, item_changes)
        for key, item in after.items()
        if key in before and (item_changes := setting_changes(before[key], item))
    )
    keys = {changed_item.item.key for changed_item in changed}
    items = [GraphItem(item, standing_of(item.key, before, keys)) for item in new.items]
    return Comparison(
        added=tuple(item for key, item in after.items() if key not in before),
        removed=removed,
        changed=changed,
        settings=(*setting_changes(old, new), *order_changes(list(before), list(after))),
        items=(*items, *(GraphItem(item, "removed") for item in removed)),
        edges=tuple(dependency_edges([*new.items, *removed])),
    )


def by_key(definition: Definition) -> dict[str, ItemDefinition]:
    """Return the items by key, in the order of the definition."""
    return {item.key: item for item in definition.items}


def standing_of(key: str, before: dict[str, ItemDefinition], changed: set[str]) -> Standing:
    """Return whether an item of the new version was added, changed or is unchanged; `changed` has the changed keys."""
    if key not in before:
        return "added"
    return "changed" if key in changed else "unchanged"


def setting_changes(old: Definition | ItemDefinition, new: Definition | ItemDefinition) -> tuple[Change, ...]:
    """Return the changed settings of two definitions or of two items; a definition's items are not compared."""
    before, after = (part.model_dump(mode="json", exclude={"items"}) for part in (old, new))
    return tuple(value_changes(before, after))


def value_changes(old: Any, new: Any, place: str = "") -> Iterator[Change]:
    """Yield the differences of two JSON values: objects are compared key by key, any other values as a whole."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            yield from value_changes(old.get(key, ABSENT), new.get(key, ABSENT), f"{place}.{key}" if place else key)
    elif as_json(old) != as_json(new):
        yield Change(place, as_json(old), as_json(new))


def as_json(value: Any) -> str | None:
    """Return the value as JSON text, in which 1 and "1" differ; None if it is ABSENT."""
    return None if value is ABSENT else json.dumps(value, ensure_ascii=False)


def order_changes(old: list[str], new: list[str]) -> Iterator[Change]:
    """Yield one change if the items that both versions have are in another order."""
    before, after = [key for key in old if key in new], [key for key in new if key in old]
    if before != after:
        yield Change(_("order of the items"), ", ".join(before), ", ".join(after))


def dependency_edges(items: list[ItemDefinition]) -> Iterator[tuple[str, str]]:
    """Yield (earlier key, later key) for each dependency.

    Removed items are included. They add no cycle, since no item of the new version depends on them.
    """
    keys = {item.key for item in items}
    for item in items:
        yield from ((before, item.key) for before in item.depends_on if before in keys)


def line_diff(old: str, new: str) -> list[DiffLine]:
    """Return the lines that differ, with CONTEXT_LINES unchanged lines around each; empty if the texts are equal."""
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=CONTEXT_LINES))
    return [diff_line(line) for line in lines[2:] if not line.startswith("@@ -1,")]


def diff_line(line: str) -> DiffLine:
    """Return a line of a unified diff as mark and text."""
    mark = line[:1]
    if mark == "+":
        return DiffLine("+", line[1:])
    if mark == "-":
        return DiffLine("-", line[1:])
    return DiffLine("@", "") if mark == "@" else DiffLine(" ", line[1:])
