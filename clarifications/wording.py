"""What a schema says to a person: the label and the help text of its field."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone_name

CHOOSE = "Choose one"
NOT_SAID = "Not said"

BOUNDS = {
    "exclusiveMinimum": "more than {}",
    "minimum": "at least {}",
    "exclusiveMaximum": "less than {}",
    "maximum": "at most {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
}
# Bounds of text this generous help nobody.
WORTH_SAYING = 1000
MOST_EXAMPLES = 3


def label_of(schema: Mapping[str, Any], name: str) -> str:
    """The title, or the name as words."""
    return str(schema.get("title") or name.replace("_", " ").capitalize())


def help_text(schema: Mapping[str, Any], reason: str, *, kind: str) -> SafeString:
    """What the schema and the asker say of the value, escaped: both may come from a foreign worker."""
    parts = [str(schema.get("description", "")), reason, *sentences(schema, kind)]
    return escape(" ".join(sentence(part) for part in parts if part.strip()))


def sentences(schema: Mapping[str, Any], kind: str) -> Iterator[str]:
    """How to write the value: unit, form, bounds, examples."""
    if unit := schema.get("x_unit"):
        yield f"Unit: {unit}"
    if kind in ("lines", "json"):
        yield "One entry a line" if kind == "lines" else "Written as JSON"
    if kind == "date-time":
        yield f"Times are in {get_current_timezone_name()}"
    yield bounds_of(schema).capitalize()
    if each := bounds_of(schema.get("items", {})):
        yield f"Each {each}"
    if examples := schema.get("examples"):
        yield "For example " + " or ".join(spoken(example, kind) for example in examples[:MOST_EXAMPLES])


def bounds_of(schema: Mapping[str, Any]) -> str:
    """The bounds in words, such as `more than 0, at most 100`."""
    told = (words.format(schema[name]) for name, words in BOUNDS.items() if worth_saying(schema, name))
    return ", ".join(told)


def worth_saying(schema: Mapping[str, Any], name: str) -> bool:
    """Whether the schema has the bound and a person may run into it."""
    if name not in schema or (name in ("minLength", "minItems") and schema[name] <= 1):
        return False
    return not (name in ("maxLength", "maxItems") and schema[name] >= WORTH_SAYING)


def spoken(example: Any, kind: str) -> str:
    """An example as it would be typed."""
    if kind == "lines" and isinstance(example, list):
        return ", ".join(map(str, example))
    return example if isinstance(example, str) and kind != "json" else json.dumps(example, ensure_ascii=False)


def sentence(words: str) -> str:
    """The words with a full stop, unless they end already."""
    words = words.strip()
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."
