"""Sentences about invalid answers, for people: one for each fault, in the reader's language, with the field's title.

The validators' own messages are in English and written for programmers. Programs use the JSON Pointer of a fault.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clarifications.forms.numbers import not_a_number_message, shown_number
from pages.presentation import translated
from schemas.compiled import Problem

Schema = Mapping[str, Any]

# JSON Schema keyword → the sentence. %(what)s is the field's title, %(limit)s the keyword's value, %(detail)s the
# title of a property.
SENTENCES: dict[str, Any] = {
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
# JSON Schema type → the sentence for a value of another type; numbers have `not_a_number_message`.
TYPES: dict[str, Any] = {
    "string": gettext_lazy("Please write a text for “%(what)s”."),
    "boolean": gettext_lazy("Please answer “%(what)s” with yes or no."),
    "integer": gettext_lazy("Please enter a whole number for “%(what)s”, without a fraction."),
    "array": gettext_lazy("Please give a list for “%(what)s”."),
    "object": gettext_lazy("“%(what)s” has several parts: please fill in each of them."),
}
# JSON Schema format → the sentence for a text of another format.
FORMATS: dict[str, Any] = {
    "date": gettext_lazy("Please enter a day for “%(what)s”, such as 2026-11-26."),
    "date-time": gettext_lazy("Please enter a day and a time for “%(what)s”, such as 2026-11-26T09:30:00Z."),
    "email": gettext_lazy("Please enter an e-mail address for “%(what)s”, such as dana@example.org."),
    "uri": gettext_lazy("Please enter a whole address for “%(what)s”, such as https://example.org."),
    "uuid": gettext_lazy("Please enter a whole id for “%(what)s”, such as 6f0d3a52-6c3f-4d0f-9a38-0a5f2b6f1c11."),
}
UNFIT = gettext_lazy("“%(what)s” cannot be used as it is.")
# The most choices of an enum that a sentence lists.
MOST_CHOICES = 20


def fault_in_words(problem: Problem, schema: Schema, *, title: str) -> str:
    """Return the sentence for a fault of an answer to this schema; `title` is used if the whole answer is at fault."""
    values = {"what": title_at(problem.pointer, schema, title), "limit": limit_of(problem)}
    if problem.keyword in ("required", "additionalProperties"):
        values["detail"] = property_title(problem.detail, subschema_at(schema, problem.pointer))
    return str(pattern_for(problem) % values)


def pattern_for(problem: Problem) -> Any:
    """Return the sentence for the fault's keyword, with %(…)s to fill in."""
    if problem.keyword == "minLength" and problem.limit == 1:
        return _("Please fill in “%(what)s”.")
    if problem.keyword == "type":
        kinds = [problem.limit] if isinstance(problem.limit, str) else list(problem.limit or [])
        kind = next((kind for kind in kinds if kind != "null"), "")
        return not_a_number_message().replace("%", "%%") if kind == "number" else TYPES.get(kind, UNFIT)
    if problem.keyword == "format":
        return FORMATS.get(str(problem.limit), UNFIT)
    return SENTENCES.get(problem.keyword, UNFIT)


def limit_of(problem: Problem) -> str:
    """Return the keyword's value as a person reads it; a list is joined with commas and cut after MOST_CHOICES."""
    if isinstance(problem.limit, list):
        return ", ".join(str(shown_number(value)) for value in problem.limit[:MOST_CHOICES])
    return str(shown_number(problem.limit))


def title_at(pointer: str, schema: Schema, title: str) -> str:
    """Return the title of the value at the pointer, made from the property's name if the schema has no title."""
    if not pointer.strip("/"):
        return title
    return property_title(
        pointer.rsplit("/", 1)[-1].replace("~1", "/").replace("~0", "~"), subschema_at(schema, pointer, up=1)
    )


def property_title(name: str, schema: Schema) -> str:
    """Return the property's title, else its name as words; for an entry of a list, “Entry” and its number from 1."""
    if name.isdigit():
        return _("Entry %(number)s") % {"number": int(name) + 1}
    title = schema.get("properties", {}).get(name, {}).get("title", "")
    return translated(str(title)) if title else name.replace("_", " ").capitalize()


def subschema_at(schema: Schema, pointer: str, *, up: int = 0) -> Schema:
    """Return the schema of the value `up` levels above the pointer; an empty one where the schema has none."""
    tokens = pointer.split("/")[1:]
    for token in tokens[: len(tokens) - up]:
        inner = schema.get("items") if token.isdigit() else schema.get("properties", {}).get(token)
        schema = inner if isinstance(inner, Mapping) else {}
    return schema
