"""From JSON Schema to a form field that takes and gives JSON values: nobody writes a form."""

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
from clarifications.wording import CHOOSE, NOT_SAID, help_text, label_of
from schemas import strict_json
from schemas.formats import moment_of

Schema = Mapping[str, Any]

# Texts that may be longer get an area instead of a line.
LONGEST_LINE = 200
LINE_INPUTS = {"email": forms.EmailInput, "uri": forms.URLInput}


def field_for(
    schema: Schema, *, name: str, required: bool = True, default: Any = None, reason: str = ""
) -> forms.Field:
    """The field for one value of the schema, with its words and its default."""
    common = {
        "required": required,
        "label": label_of(schema, name),
        "help_text": help_text(schema, reason, kind=kind_of(schema)),
    }
    field = BUILDERS[kind_of(schema)](schema, common)
    field.initial = shown(schema.get("default", default), kind_of(schema))
    return field


def kind_of(schema: Schema) -> str:
    """Which of the builders fits the schema."""
    if "enum" in schema or "const" in schema:
        return "choice"
    kind = single_type(schema)
    if kind == "string" and schema.get("format") in ("date", "date-time"):
        return str(schema["format"])
    if kind == "array" and kind_of(schema.get("items", {})) in ENTRIES:
        return "lines"
    if kind == "array" and parts_of(schema.get("items", {}), CELLS):
        return "rows"
    if kind in ("number", "integer", "boolean"):
        return kind
    return "string" if kind == "string" or is_open(schema) else "json"


@dataclass(frozen=True)
class Part:
    """A value that a field of its own takes: where it lies in the object, its titles on the way, and its schema."""

    path: tuple[str, ...]
    titles: tuple[str, ...]
    schema: Schema
    is_needed: bool

    @property
    def title(self) -> str:
        """What a person reads: the titles of the objects that hold it, and its own."""
        return ": ".join(self.titles)


def parts_of(schema: Schema, kinds: Collection[str]) -> list[Part]:
    """The object's values in order, those of the objects in it included; none if any is of another kind than these."""
    properties = schema.get("properties") or {}
    if single_type(schema) not in ("object", "") or "enum" in schema or "const" in schema:
        return []
    if not properties or not set(schema.get("required", ())) <= set(properties):
        return []
    found = [parts_at(name, below, name in schema.get("required", ()), kinds) for name, below in properties.items()]
    return [part for parts in found for part in parts] if all(found) else []


def parts_at(name: str, schema: Schema, is_needed: bool, kinds: Collection[str]) -> list[Part]:
    """The part of this name, or the parts of the object that it is; none if it is of another kind."""
    title = label_of(schema, name)
    if kind_of(schema) in kinds:
        return [Part((name,), (title,), schema, is_needed)]
    inner = parts_of(schema, kinds)
    return [Part((name, *p.path), (title, *p.titles), p.schema, is_needed and p.is_needed) for p in inner]


def is_open(schema: Schema) -> bool:
    """Return True if texts of any kind are among the values of several types, so that a person may write one."""
    return not single_type(schema) and "string" in schema.get("type", []) and "properties" not in schema


def single_type(schema: Schema) -> str:
    """The schema's type when it has one beside null, else nothing."""
    types = schema.get("type", [])
    named = [types] if isinstance(types, str) else [kind for kind in types if kind != "null"]
    return str(named[0]) if len(named) == 1 else ""


def choice_field(values: list[Any], common: dict[str, Any], *, radio: bool = False) -> forms.Field:
    """A choice of JSON values; each travels as its JSON text."""
    choices = [(json_text(value), said(value)) for value in values]
    if not radio or not common["required"]:
        choices.insert(0, ("", str(CHOOSE if common["required"] else NOT_SAID)))
    widget = forms.RadioSelect() if radio else forms.Select()
    return forms.TypedChoiceField(
        choices=choices, coerce=strict_json.loads, empty_value=ABSENT, widget=widget, **common
    )


def said(value: Any) -> str:
    """A value as a person says it."""
    words = {True: _("Yes"), False: _("No"), None: _("None")}
    if isinstance(value, bool) or value is None:
        return words[value]
    return value if isinstance(value, str) else json_text(value)


def json_text(value: Any) -> str:
    """The value as JSON text."""
    return strict_json.dumps(value).decode()


def text_field(schema: Schema, common: dict[str, Any]) -> forms.Field:
    """A line, or an area for what may be long."""
    longest = schema.get("maxLength")
    line = LINE_INPUTS.get(schema.get("format", ""), forms.TextInput)
    is_long = "format" not in schema and (longest is None or longest > LONGEST_LINE)
    widget = forms.Textarea(attrs={"rows": 5}) if is_long else line()
    return TextField(widget=widget, max_length=longest, min_length=schema.get("minLength"), **common)


def bounds(schema: Schema) -> dict[str, Any]:
    """The inclusive bounds; the exclusive ones are the schema's to judge."""
    named = {"min_value": schema.get("minimum"), "max_value": schema.get("maximum")}
    return {name: Decimal(str(bound)) for name, bound in named.items() if bound is not None}


def lines_field(schema: Schema, common: dict[str, Any]) -> forms.Field:
    """An area with one entry a line."""
    return LinesField(entry=field_for(schema["items"], name="entry"), **common)


def rows_field(schema: Schema, common: dict[str, Any]) -> forms.Field:
    """A table with a column for each property of an entry."""
    columns = [column_of(part) for part in parts_of(schema["items"], CELLS)]
    return RowsField(columns=columns, most=schema.get("maxItems", MOST_ROWS), **common)


def column_of(part: Part) -> Column:
    """The column of a table for a part of its entries."""
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
    return Column(part.path, part.title, words, part.is_needed, field, lambda value: shown(value, kind))


MOST_ROWS = 1000
ENTRIES = ("string", "number", "integer")
# Kinds that an input of one line takes.
CELLS = frozenset({"choice", "boolean", "number", "integer", "string", "date", "date-time"})
# Kinds that a field of a form takes.
PARTS = CELLS | {"lines", "rows"}
BUILDERS: dict[str, Callable[[Schema, dict[str, Any]], forms.Field]] = {
    "choice": lambda schema, common: choice_field(schema.get("enum", [schema.get("const")]), common),
    "boolean": lambda schema, common: choice_field([True, False], common, radio=True),
    "number": lambda schema, common: NumberField(**bounds(schema), **common),
    "integer": lambda schema, common: WholeNumberField(**bounds(schema), **common),
    "string": text_field,
    "date": lambda schema, common: DayField(widget=forms.DateInput(attrs={"type": "date"}), **common),
    "date-time": lambda schema, common: JsonMomentField(**common),
    "lines": lines_field,
    "rows": rows_field,
    "json": lambda schema, common: JsonTextField(**common),
}


def shown(value: Any, kind: str) -> Any:
    """A JSON value as its field shows it at first; nothing when there is none or it does not fit."""
    if value is None:
        return None
    if kind == "date-time":
        return moment(value)
    if kind == "lines":
        return "\n".join(str(entry) for entry in value) if isinstance(value, list) else None
    if kind == "rows":
        return value if isinstance(value, list) and all(isinstance(entry, dict) for entry in value) else None
    return json_text(value) if kind in ("choice", "boolean", "json") else value


def moment(value: Any) -> datetime | None:
    """The moment that an RFC 3339 text names, if it names one."""
    try:
        return moment_of(value)
    except (TypeError, ValueError, AttributeError, OverflowError):
        return None
