"""What is wrong with an answer, said to a person: a sentence a fault, in the reader's language, with the field's title.

The validators' own sentences are made for programmers and in English alone. Programs get the JSON Pointer beside it.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clarifications.forms.numbers import not_a_number, shown_number
from pages.presentation import spoken
from schemas.compiled import Problem

Schema = Mapping[str, Any]

# Keyword of the schema → the sentence; %(what)s is the field's title, %(limit)s what the schema says.
SAID: dict[str, Any] = {
    "exclusiveMinimum": gettext_lazy("“%(what)s” must be more than %(limit)s."),
    "minimum": gettext_lazy("“%(what)s” must be at least %(limit)s."),
    "exclusiveMaximum": gettext_lazy("“%(what)s” must be less than %(limit)s."),
    "maximum": gettext_lazy("“%(what)s” must be at most %(limit)s."),
    "multipleOf": gettext_lazy("“%(what)s” must be a multiple of %(limit)s."),
    "minLength": gettext_lazy("“%(what)s” is too short: please write at least %(limit)s characters."),
    "maxLength": gettext_lazy("“%(what)s” is too long: please write at most %(limit)s characters."),
    "minItems": gettext_lazy("“%(what)s” needs at least %(limit)s entries."),
    "maxItems": gettext_lazy("“%(what)s” may have at most %(limit)s entries."),
    "enum": gettext_lazy("Please choose one of these for “%(what)s”: %(limit)s."),
    "const": gettext_lazy("“%(what)s” can only be %(limit)s."),
    "required": gettext_lazy("“%(detail)s” is missing."),
    "additionalProperties": gettext_lazy("“%(detail)s” is not asked for: please leave it out."),
}
TYPES: dict[str, Any] = {
    "string": gettext_lazy("Please write a text for “%(what)s”."),
    "boolean": gettext_lazy("Please answer “%(what)s” with yes or no."),
    "integer": gettext_lazy("Please enter a whole number for “%(what)s”, without a fraction."),
    "array": gettext_lazy("Please give a list for “%(what)s”."),
    "object": gettext_lazy("“%(what)s” has several parts: please fill in each of them."),
}
FORMATS: dict[str, Any] = {
    "date": gettext_lazy("Please enter a day for “%(what)s”, such as 2026-11-26."),
    "date-time": gettext_lazy("Please enter a day and a time for “%(what)s”, such as 2026-11-26T09:30:00Z."),
    "email": gettext_lazy("Please enter an e-mail address for “%(what)s”, such as dana@example.org."),
    "uri": gettext_lazy("Please enter a whole address for “%(what)s”, such as https://example.org."),
    "uuid": gettext_lazy("Please enter a whole id for “%(what)s”, such as 6f0d3a52-6c3f-4d0f-9a38-0a5f2b6f1c11."),
}
UNFIT = gettext_lazy("“%(what)s” cannot be used as it is.")
MOST_CHOICES = 20


def in_words(problem: Problem, schema: Schema, *, title: str) -> str:
    """Return the sentence for a fault that an answer to this schema has; `title` names the whole."""
    said = {"what": title_at(problem.pointer, schema, title), "limit": limit_of(problem)}
    if problem.keyword in ("required", "additionalProperties"):
        said["detail"] = named(problem.detail, below(schema, problem.pointer))
    return str(pattern_for(problem) % said)


def pattern_for(problem: Problem) -> Any:
    """The sentence of the fault's keyword, with the places to fill in."""
    if problem.keyword == "minLength" and problem.limit == 1:
        return _("Please fill in “%(what)s”.")
    if problem.keyword == "type":
        kinds = [problem.limit] if isinstance(problem.limit, str) else list(problem.limit or [])
        kind = next((kind for kind in kinds if kind != "null"), "")
        return not_a_number().replace("%", "%%") if kind == "number" else TYPES.get(kind, UNFIT)
    if problem.keyword == "format":
        return FORMATS.get(str(problem.limit), UNFIT)
    return SAID.get(problem.keyword, UNFIT)


def limit_of(problem: Problem) -> str:
    """What the schema says, as a person reads it."""
    if isinstance(problem.limit, list):
        return ", ".join(str(shown_number(one)) for one in problem.limit[:MOST_CHOICES])
    return str(shown_number(problem.limit))


def title_at(pointer: str, schema: Schema, title: str) -> str:
    """The title of the part that the pointer leads to; the last part of the pointer where it has none."""
    if not pointer.strip("/"):
        return title
    return named(pointer.rsplit("/", 1)[-1].replace("~1", "/").replace("~0", "~"), below(schema, pointer, up=1))


def named(name: str, schema: Schema) -> str:
    """What a person calls the property: its title, or its name as words; an entry of a list is its number."""
    if name.isdigit():
        return _("Entry %(number)s") % {"number": int(name) + 1}
    title = schema.get("properties", {}).get(name, {}).get("title", "")
    return spoken(str(title)) if title else name.replace("_", " ").capitalize()


def below(schema: Schema, pointer: str, *, up: int = 0) -> Schema:
    """The schema of the part that the pointer leads to, or of what holds it; an empty one where it says nothing."""
    tokens = pointer.split("/")[1:]
    for token in tokens[: len(tokens) - up]:
        inner = schema.get("items") if token.isdigit() else schema.get("properties", {}).get(token)
        schema = inner if isinstance(inner, Mapping) else {}
    return schema
