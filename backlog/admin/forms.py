"""Editing a template: its definition as YAML, every fault with its place, saved as a new version."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pydantic
import yaml
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backlog import blueprints
from backlog.errors import InvalidTemplate
from schemas import strict_json

LONGEST_YAML = 100_000
# Aliases within aliases grow without bound; a template needs one or two.
# YAML has more signs than the JSON that it says, and takes long to read.
MOST_TEXT = 2 * blueprints.MOST_BYTES
MOST_ALIASES = 10
# What a fault between items says first is the item's key.
ITEM_AT_FAULT = re.compile(r"the key '(?P<twice>\w+)'|\b(?P<waits>\w{1,60}) depends on")

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a definition, and on which line of the YAML (0 when unknown)."""

    words: str
    line: int = 0

    def __str__(self) -> str:
        return _("Line %(line)s: %(words)s") % {"line": self.line, "words": self.words} if self.line else self.words


class DefinitionForm(forms.Form):
    """A template's definition as YAML; valid when it can be used as it is."""

    definition = forms.CharField(
        label=gettext_lazy("Definition (YAML)"),
        max_length=LONGEST_YAML,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 30, "class": "code", "spellcheck": "false", "wrap": "off"}),
        help_text=gettext_lazy(
            "Saved as a new version. Projects keep the version they began with; new ones take the newest."
        ),
    )
    newest = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.faults: list[Fault] = []

    def clean_definition(self) -> dict[str, Any]:
        """The definition. Raises ValidationError with every fault."""
        definition, self.faults = read_definition(self.cleaned_data["definition"])
        if self.faults:
            raise ValidationError([str(fault) for fault in self.faults])
        return definition


def read_definition(text: str) -> tuple[dict[str, Any], list[Fault]]:
    """The definition in the YAML text, and every fault in it; with a fault it cannot be used."""
    try:
        definition = read_yaml(text)
        blueprints.checked(definition)
    except ValidationError as error:
        line = getattr(getattr(error.__cause__, "problem_mark", None), "line", -1) + 1
        return {}, [Fault(str(error.message), line)]
    except InvalidTemplate as error:
        cause = error.__cause__
        listed = faults_in(cause, text, definition) if isinstance(cause, pydantic.ValidationError) else []
        return definition, listed or [Fault(error.message)]
    return definition, []


def read_yaml(text: str) -> dict[str, Any]:
    """The YAML text as JSON values. Raises ValidationError."""
    if len(text) > MOST_TEXT:
        words = _("This has %(size)s characters, and a template may have %(most)s: make it shorter.")
        raise ValidationError(words % {"size": len(text), "most": MOST_TEXT})
    try:
        if sum(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text)) > MOST_ALIASES:
            raise ValidationError(too_many_aliases())
        value = strict_json.loads(strict_json.dumps(yaml.safe_load(text)))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        why = getattr(error, "problem", None) or error
        raise ValidationError(_("This is not YAML that can be read: %(why)s") % {"why": why}) from error
    if not isinstance(value, dict):
        raise ValidationError(_("A template is a mapping with `name`, `title` and `items`."))
    return value


def too_many_aliases() -> str:
    """What a person is told who uses more aliases than a template needs."""
    words = ngettext(
        "At most %(n)s alias (*name) may be used: write the others out.",
        "At most %(n)s aliases (*name) may be used: write the others out.",
        MOST_ALIASES,
    )
    return words % {"n": MOST_ALIASES}


def faults_in(error: pydantic.ValidationError, text: str, definition: dict[str, Any]) -> list[Fault]:
    """Every fault, each with its place in words and its line, in the order of the text."""
    tree = yaml.compose(text, Loader=yaml.SafeLoader)
    keys = item_keys(definition)
    found_ones = without_echoes(error.errors())
    placed = [(place_of(found["loc"], found["msg"], keys), what_is_wrong(found)) for found in found_ones]
    faults = [Fault(f"{in_words(place, keys)}: {words}", line_of(tree, place)) for place, words in placed]
    return sorted(faults, key=lambda fault: fault.line)


def without_echoes(found: Sequence[Any]) -> list[Any]:
    """The findings without “too short” of a list that is so only because of the faults in it."""

    def is_echo(one: Any) -> bool:
        size = len(one["loc"])
        return one["type"] == "too_short" and any(f["loc"][:size] == one["loc"] != f["loc"] for f in found)

    return [one for one in found if not is_echo(one)]


def item_keys(definition: dict[str, Any]) -> list[str]:
    """The keys of the items, in their order; empty where an item has none that can be read."""
    items = definition.get("items")
    read = [item.get("key") if isinstance(item, dict) else None for item in items] if isinstance(items, list) else []
    return [key if isinstance(key, str) else "" for key in read]


def what_is_wrong(found: Any) -> str:
    """A validator's finding in words."""
    if found["type"] == "missing":
        return _("is missing.")
    if found["type"] == "extra_forbidden":
        return _("is not a setting that exists here.")
    if found["type"] == "tuple_type":
        return _("must be a list.")
    return str(found["msg"]).removeprefix("Value error, ")


def place_of(place: Place, message: str, keys: Sequence[str]) -> Place:
    """Where a fault is; one between items is at the last item with the key that it names first."""
    named = None if place else ITEM_AT_FAULT.search(message)
    key = named and (named["twice"] or named["waits"])
    if not named or key not in keys:
        return place
    index = len(keys) - 1 - list(reversed(keys)).index(str(key))
    return ("items", index, "key" if named["twice"] else "depends_on")


def in_words(place: Place, keys: Sequence[str]) -> str:
    """The place as a person names it: the item by its key, then the setting."""
    if place[:1] != ("items",) or len(place) < 2 or not isinstance(place[1], int):
        return ".".join(map(str, place)) or _("the template")
    key = keys[place[1]] if place[1] < len(keys) else ""
    item = _("item %(key)s") % {"key": key} if key else _("item no. %(n)s") % {"n": place[1] + 1}
    return ", ".join([item, ".".join(map(str, place[2:]))]) if place[2:] else item


def line_of(node: Any, place: Place) -> int:
    """The line (from 1) of the deepest part of the place that the YAML has; 0 without any YAML."""
    line = node.start_mark.line + 1 if node else 0
    for step in place:
        if isinstance(node, yaml.MappingNode):
            entry = next((entry for entry in node.value if entry[0].value == step), None)
            if entry is None:
                break
            line, node = entry[0].start_mark.line + 1, entry[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return int(line)


def as_yaml(definition: blueprints.Definition) -> str:
    """The definition as it would be written by hand: what is not said stays unsaid."""
    written = definition.model_dump(mode="json", exclude_unset=True)
    return str(yaml.safe_dump(written, sort_keys=False, allow_unicode=True, width=100))
