"""The form for editing a template as YAML; each fault is reported with its place and its line."""

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

from accounts.organisations import FIRST_ORGANISATION
from backlog import blueprints
from backlog.blueprints.definition import Definition
from backlog.errors import InvalidTemplate
from schemas import strict_json

# In characters; the form field refuses a longer text.
LONGEST_YAML = 100_000
# In characters. The same definition is longer as YAML than as JSON, and YAML is slow to read.
MOST_TEXT = 2 * blueprints.MOST_BYTES
# Aliases of aliases can make a small text huge; a template needs one or two.
MOST_ALIASES = 10
# Lists and mappings within each other; a template with its schemas needs about ten. Reading takes the square of this.
DEEPEST = 50
# Finds the key of the item in a message about several items: a key used twice, or a dependency that does not exist.
ITEM_AT_FAULT = re.compile(r"the key '(?P<twice>\w+)'|\b(?P<waits>\w{1,60}) depends on")

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a definition, and its line in the YAML text, counted from 1; 0 if the line is not known."""

    words: str
    line: int = 0

    def __str__(self) -> str:
        return _("Line %(line)s: %(words)s") % {"line": self.line, "words": self.words} if self.line else self.words


class DefinitionForm(forms.Form):
    """A template's definition as YAML text; valid if it can be saved as a new version."""

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

    def __init__(self, *args: Any, organisation: int, **kwargs: Any) -> None:
        self.organisation = organisation
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.faults: list[Fault] = []

    def clean_definition(self) -> dict[str, Any]:
        """Return the definition as JSON values. Raises ValidationError with every fault."""
        definition, self.faults = read_definition(self.cleaned_data["definition"], self.organisation)
        if self.faults:
            raise ValidationError([str(fault) for fault in self.faults])
        return definition


def read_definition(text: str, organisation: int = FIRST_ORGANISATION) -> tuple[dict[str, Any], list[Fault]]:
    """Return the definition in the YAML text and its faults; the definition can be used only if there are none."""
    try:
        definition = read_yaml(text)
        blueprints.checked_definition(definition, organisation)
    except ValidationError as error:
        line = getattr(getattr(error.__cause__, "problem_mark", None), "line", -1) + 1
        return {}, [Fault(str(error.message), line)]
    except InvalidTemplate as error:
        cause = error.__cause__
        faults = definition_faults(cause, text, definition) if isinstance(cause, pydantic.ValidationError) else []
        return definition, faults or [Fault(error.message)]
    return definition, []


def read_yaml(text: str) -> dict[str, Any]:
    """Return the YAML text as JSON values. Raises ValidationError."""
    if len(text) > MOST_TEXT:
        words = _("This has %(size)s characters, and a template may have %(most)s: make it shorter.")
        raise ValidationError(words % {"size": len(text), "most": MOST_TEXT})
    try:
        refuse_costly(text)
        value = strict_json.loads(strict_json.dumps(yaml.safe_load(text)))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        why = getattr(error, "problem", None) or error
        raise ValidationError(_("This is not YAML that can be read: %(why)s") % {"why": why}) from error
    if not isinstance(value, dict):
        raise ValidationError(_("A template is a mapping with `name`, `title` and `items`."))
    return value


def refuse_costly(text: str) -> None:
    """Raise ValidationError if the YAML text has too many aliases or is nested too deeply; stops reading there."""
    aliases = depth = 0
    for event in yaml.parse(text):
        aliases += isinstance(event, yaml.AliasEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if aliases > MOST_ALIASES:
            raise ValidationError(too_many_aliases())
        if depth > DEEPEST:
            words = _("Line %(line)s: lists and mappings stand within each other more than %(most)s deep.")
            line = event.start_mark.line + 1 if event.start_mark else 0
            raise ValidationError(words % {"line": line, "most": DEEPEST})


def too_many_aliases() -> str:
    """Return the message for a text with more than MOST_ALIASES aliases."""
    words = ngettext(
        "At most %(n)s alias (*name) may be used: write the others out.",
        "At most %(n)s aliases (*name) may be used: write the others out.",
        MOST_ALIASES,
    )
    return words % {"n": MOST_ALIASES}


def definition_faults(error: pydantic.ValidationError, text: str, definition: dict[str, Any]) -> list[Fault]:
    """Return every fault with its place in words and its line, in the order of the text."""
    tree = yaml.compose(text, Loader=yaml.SafeLoader)
    keys = item_keys(definition)
    findings = without_echoes(error.errors())
    placed = [(place_of(finding["loc"], finding["msg"], keys), finding_in_words(finding)) for finding in findings]
    faults = [Fault(f"{place_in_words(place, keys)}: {words}", line_of(tree, place)) for place, words in placed]
    return sorted(faults, key=lambda fault: fault.line)


def without_echoes(findings: Sequence[Any]) -> list[Any]:
    """Return the findings without “too short” for a list that has faults inside.

    Pydantic counts only valid entries, so it reports such a list as too short as well.
    """

    def is_echo(finding: Any) -> bool:
        size = len(finding["loc"])
        return finding["type"] == "too_short" and any(
            other["loc"][:size] == finding["loc"] != other["loc"] for other in findings
        )

    return [finding for finding in findings if not is_echo(finding)]


def item_keys(definition: dict[str, Any]) -> list[str]:
    """Return the items' keys in order, "" for an item whose key is missing or not a text."""
    items = definition.get("items")
    read = [item.get("key") if isinstance(item, dict) else None for item in items] if isinstance(items, list) else []
    return [key if isinstance(key, str) else "" for key in read]


def finding_in_words(finding: Any) -> str:
    """Return the words for an error of pydantic."""
    if finding["type"] == "missing":
        return _("is missing.")
    if finding["type"] == "extra_forbidden":
        return _("is not a setting that exists here.")
    if finding["type"] == "tuple_type":
        return _("must be a list.")
    return str(finding["msg"]).removeprefix("Value error, ")


def place_of(place: Place, message: str, keys: Sequence[str]) -> Place:
    """Return the place of a fault; a fault about several items is at the last item with the key in its message."""
    named = None if place else ITEM_AT_FAULT.search(message)
    key = named and (named["twice"] or named["waits"])
    if not named or key not in keys:
        return place
    index = len(keys) - 1 - list(reversed(keys)).index(str(key))
    return ("items", index, "key" if named["twice"] else "depends_on")


def place_in_words(place: Place, keys: Sequence[str]) -> str:
    """Return the place as a person names it: the item by its key, then the setting."""
    if place[:1] != ("items",) or len(place) < 2 or not isinstance(place[1], int):
        return ".".join(map(str, place)) or _("the template")
    key = keys[place[1]] if place[1] < len(keys) else ""
    item = _("item %(key)s") % {"key": key} if key else _("item no. %(n)s") % {"n": place[1] + 1}
    return ", ".join([item, ".".join(map(str, place[2:]))]) if place[2:] else item


def line_of(node: Any, place: Place) -> int:
    """Return the line, from 1, of the deepest part of the place that the YAML text has; 0 for an empty text.

    `node` is the composed YAML tree.
    """
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


def as_yaml(definition: Definition) -> str:
    """Return the definition as YAML text, with only the settings that were set explicitly."""
    written = definition.model_dump(mode="json", exclude_unset=True)
    return str(yaml.safe_dump(written, sort_keys=False, allow_unicode=True, width=100))
