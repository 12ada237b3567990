"""Making form fields from JSON Schema, so that no form has to be written by hand. The fields return JSON values."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from clarifications.forms.json_fields import (
    ABSENT,
    DayField,
    JsonMomentField,
    JsonTextField,
    LinesField,
    NumberField,
    TextField,
    WholeNumberField,
)
from clarifications.forms.rows_field import Column, RowsField
from clarifications.wording import CHOOSE, NO_ANSWER, choices_in_words, help_text, label_of
from schemas import strict_json
from schemas.formats import moment_of

Schema = Mapping[str, Any]

# In characters: a text that may be longer gets a text area instead of a line.
LONGEST_LINE = 200
LINE_INPUTS = {"email": forms.EmailInput, "uri": forms.URLInput}


def field_for(
    schema: Schema, *, name: str, required: bool = True, default: Any = None, reason: str = ""
) -> forms.Field:
    """Return the form field for one value of the schema, with label, help text and initial value."""
    common = {
        "required": required,
        "label": label_of(schema, name),
        "help_text": help_text(schema, reason, kind=kind_of(schema)),
    }
    field = BUILDERS[kind_of(schema)](schema, common)
    field.initial = initial_value(schema.get("default", default), kind_of(schema))
    return field


def kind_of(schema: Schema) -> str:
    """Return the kind of field for the schema: a key of BUILDERS."""
    if "enum" in schema or "const" in schema:
        return "choice"
    kind = single_type(schema)
    if kind == "string" and schema.get("format") in ("date", "date-time"):
        return str(schema["format"])
    if kind == "array" and kind_of(schema.get("items", {})) in ENTRIES:
        return "lines"
    if kind == "array" and parts_of(schema.get("items", {}), CELL_KINDS):
        return "rows"
    if kind in ("number", "integer", "boolean"):
        return kind
    return "string" if kind == "string" or accepts_any_text(schema) else "json"


@dataclass(frozen=True)
class Part:
    """A value inside an object that has its own form field.

    `path` has the keys that lead to the value, `titles` the title of each object on the way and the value's own.
    """

    path: tuple[str, ...]
    titles: tuple[str, ...]
    schema: Schema
    is_needed: bool

    @property
    def title(self) -> str:
        """The titles joined, outermost first."""
        return ": ".join(self.titles)


def parts_of(schema: Schema, kinds: Collection[str]) -> list[Part]:
    """Return the parts of an object's schema in order, those of nested objects too; empty if one has another kind.

    What only files tell is no part of a form.
    """
    described = (schema.get("properties") or {}).items()
    properties = {name: part for name, part in described if not part.get("x_only_in_files")}
    if single_type(schema) not in ("object", "") or "enum" in schema or "const" in schema:
        return []
    if not properties or not set(schema.get("required", ())) <= set(properties):
        return []
    parts_by_property = [
        parts_at(name, below, name in schema.get("required", ()), kinds) for name, below in properties.items()
    ]
    return [part for parts in parts_by_property for part in parts] if all(parts_by_property) else []


def parts_at(name: str, schema: Schema, is_needed: bool, kinds: Collection[str]) -> list[Part]:
    """Return the property as one part, or its parts if it is an object; empty if it is of another kind."""
    title = label_of(schema, name)
    if kind_of(schema) in kinds:
        return [Part((name,), (title,), schema, is_needed)]
    inner = parts_of(schema, kinds)
    return [Part((name, *p.path), (title, *p.titles), p.schema, is_needed and p.is_needed) for p in inner]


def accepts_any_text(schema: Schema) -> bool:
    """Return True if the schema allows several types, text among them: then a person can answer with text."""
    return not single_type(schema) and "string" in schema.get("type", []) and "properties" not in schema


def single_type(schema: Schema) -> str:
    """Return the schema's type, not counting null, or "" if it has none or several."""
    types = schema.get("type", [])
    types_but_null = [types] if isinstance(types, str) else [kind for kind in types if kind != "null"]
    return str(types_but_null[0]) if len(types_but_null) == 1 else ""


def schema_choice_field(schema: Schema, common: dict[str, Any]) -> forms.Field:
    """Return a field to choose one of the schema's values; with `x_choices`, radio buttons with the words of each."""
    words = dict(choices_in_words(schema))
    return choice_field(schema.get("enum", [schema.get("const")]), common, radio=bool(words), words=words)


def choice_field(
    values: list[Any], common: dict[str, Any], *, radio: bool = False, words: Mapping[Any, str] | None = None
) -> forms.Field:
    """Return a field to choose one of the JSON values; the browser sends a choice as JSON text."""
    titles = words or {}
    choices = [(json_text(value), titles.get(value) if titles else value_in_words(value)) for value in values]
    if not radio or not common["required"]:
        choices.insert(0, ("", str(CHOOSE if common["required"] else NO_ANSWER)))
    widget = forms.RadioSelect() if radio else forms.Select()
    return forms.TypedChoiceField(
        choices=choices, coerce=strict_json.loads, empty_value=ABSENT, widget=widget, **common
    )


def value_in_words(value: Any) -> str:
    """Return the value as a person reads it: a text as it is, Yes, No or None, anything else as JSON."""
    words = {True: _("Yes"), False: _("No"), None: _("None")}
    if isinstance(value, bool) or value is None:
        return words[value]
    return value if isinstance(value, str) else json_text(value)


def json_text(value: Any) -> str:
    """Return the value as JSON text."""
    return strict_json.dumps(value).decode()


def text_field(schema: Schema, common: dict[str, Any]) -> forms.Field:
    """Return a field for text: a line, or an area if the text may be longer than LONGEST_LINE."""
    longest = schema.get("maxLength")
    line = LINE_INPUTS.get(schema.get("format", ""), forms.TextInput)
    is_long = "format" not in schema and (longest is None or longest > LONGEST_LINE)
    widget = forms.Textarea(attrs={"rows": 5}) if is_long else line()
    return TextField(widget=widget, max_length=longest, min_length=schema.get("minLength"), **common)


def inclusive_bounds(schema: Schema) -> dict[str, Any]:
    """Return the arguments for inclusive bounds; exclusive bounds are checked by the schema later."""
    bounds_by_name = {"min_value": schema.get("minimum"), "max_value": schema.get("maximum")}
    return {name: Decimal(str(bound)) for name, bound in bounds_by_name.items() if bound is not None}


def lines_field(schema: Schema, common: dict[str, Any]) -> forms.Field:
    """Return a text area with one entry on each line."""
    return LinesField(entry=field_for(schema["items"], name="entry"), **common)


def rows_field(schema: Schema, common: dict[str, Any]) -> forms.Field:
    """Return a table with a column for each part of an entry."""
    columns = [column_of(part) for part in parts_of(schema["items"], CELL_KINDS)]
    return RowsField(columns=columns, most=schema.get("maxItems", MOST_ROWS), **common)


def column_of(part: Part) -> Column:
    """Return the column of a table for one part of its entries."""
    kind = kind_of(part.schema)
    common: dict[str, Any] = {"required": False, "label": part.title}
    if kind == "boolean":
        field = choice_field([True, False], common)
    elif kind == "string" and "format" not in part.schema:
        longest, shortest = part.schema.get("maxLength"), part.schema.get("minLength")
        field = TextField(widget=forms.TextInput(), max_length=longest, min_length=shortest, **common)
    else:
        field = BUILDERS[kind](part.schema, common)
    words = help_text(part.schema, "", kind=kind)
    return Column(part.path, part.title, words, part.is_needed, field, lambda value: initial_value(value, kind))


# The most rows of a table whose schema has no maxItems.
MOST_ROWS = 1000
# Kinds of entries that a text area can take, one on each line.
ENTRIES = ("string", "number", "integer")
# Kinds that fit into a cell of a table.
CELL_KINDS = frozenset({"choice", "boolean", "number", "integer", "string", "date", "date-time"})
# Kinds that a part of an object may have.
PART_KINDS = CELL_KINDS | {"lines", "rows"}
BUILDERS: dict[str, Callable[[Schema, dict[str, Any]], forms.Field]] = {
    "choice": schema_choice_field,
    "boolean": lambda schema, common: choice_field([True, False], common, radio=True),
    "number": lambda schema, common: NumberField(**inclusive_bounds(schema), **common),
    "integer": lambda schema, common: WholeNumberField(**inclusive_bounds(schema), **common),
    "string": text_field,
    "date": lambda schema, common: DayField(widget=forms.DateInput(attrs={"type": "date"}), **common),
    "date-time": lambda schema, common: JsonMomentField(**common),
    "lines": lines_field,
    "rows": rows_field,
    "json": lambda schema, common: JsonTextField(**common),
}


def initial_value(value: Any, kind: str) -> Any:
    """Return the JSON value as the initial value of a field of this kind, or None if it does not fit."""
    if value is None:
        return None
    if kind == "date-time":
        return moment_or_none(value)
    if kind == "lines":
        return "\n".join(str(entry) for entry in value) if isinstance(value, list) else None
    if kind == "rows":
        return value if isinstance(value, list) and all(isinstance(entry, dict) for entry in value) else None
    return json_text(value) if kind in ("choice", "boolean", "json") else value


def moment_or_none(value: Any) -> datetime | None:
    """Return the moment of an RFC 3339 text, or None if the text is no such moment."""
    try:
        return moment_of(value)
    except (TypeError, ValueError, AttributeError, OverflowError):
        return None
