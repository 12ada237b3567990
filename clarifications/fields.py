"""From JSON Schema to a form field that takes and gives JSON values: nobody writes a form."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clarifications.moments import MomentField
from clarifications.numbers import NotANumber, number_in, shown_number
from clarifications.wording import CHOOSE, NOT_SAID, help_text, label_of
from schemas import strict_json
from schemas.formats import moment_of

Schema = Mapping[str, Any]

# What a field gives when nothing was entered: it never becomes a null in the answer.
ABSENT = ""
# Texts that may be longer get an area instead of a line.
LONGEST_LINE = 200
LINE_INPUTS = {"email": forms.EmailInput, "uri": forms.URLInput}


class GivesJson(forms.Field):
    """A field whose cleaned value is a JSON value that every part of the system reads alike."""

    def clean(self, value: Any) -> Any:
        """The JSON value, or ABSENT. Raises ValidationError."""
        cleaned = super().clean(value)
        try:
            given = self.to_json(cleaned)
            strict_json.check(given)
        except strict_json.InvalidJson as error:
            raise ValidationError(_("This cannot be used: %(why)s.") % {"why": error}) from error
        return given

    def to_json(self, cleaned: Any) -> Any:
        """What the cleaned value is in JSON."""
        if cleaned is None:
            return ABSENT
        if isinstance(cleaned, Decimal):
            return strict_json.loads(str(cleaned))
        return cleaned.isoformat() if isinstance(cleaned, date) else cleaned


class TypedNumber(GivesJson):
    """A number typed as text: the browser's own number input reads `45,50` as 4550, without a word."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def to_python(self, value: Any) -> Any:
        """The number that was typed, in the reader's language. Raises ValidationError."""
        if isinstance(value, str) and value.strip():
            try:
                value = number_in(value)
            except NotANumber as error:
                raise ValidationError(str(error)) from error
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        """A number as the reader writes it; what was typed stays as it was."""
        return shown_number(value)


class NumberField(TypedNumber, forms.DecimalField):
    """Any number."""


class WholeNumberField(NumberField):
    """A number without a fraction."""

    def to_python(self, value: Any) -> Any:
        """The whole number. Raises ValidationError for a fraction."""
        number = super().to_python(value)
        if number is None:
            return None
        if number != number.to_integral_value():
            raise ValidationError(_("Please enter a whole number, without a fraction."))
        return number.to_integral_value()


class DayField(GivesJson, forms.DateField):
    """A day, as YYYY-MM-DD."""


class JsonMomentField(GivesJson, MomentField):
    """A moment with its offset, as RFC 3339."""


class TextField(GivesJson, forms.CharField):
    """Text; a line ends the same way whatever the browser sent."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.replace("\r\n", "\n").replace("\r", "\n") if isinstance(text, str) else text


class LinesField(TextField):
    """A list with one entry a line, each read by a field of its own."""

    def __init__(self, *, entry: forms.Field, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 6}), **kwargs)
        self.entry = entry

    def to_json(self, cleaned: Any) -> Any:
        lines = [(number, line) for number, line in enumerate(cleaned.split("\n"), 1) if line.strip()]
        return [self.read(number, line) for number, line in lines] if lines else ABSENT

    def read(self, number: int, line: str) -> Any:
        """The entry on a line. Raises ValidationError, naming the line."""
        try:
            return self.entry.clean(line)
        except ValidationError as error:
            raise ValidationError(
                [_("Line %(number)s: %(why)s") % {"number": number, "why": message} for message in error.messages]
            ) from error


class JsonTextField(TextField):
    """Whatever no other field can take, written as JSON."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}), **kwargs)

    def to_json(self, cleaned: Any) -> Any:
        return strict_json.loads(cleaned) if cleaned else ABSENT


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
    if kind in ("number", "integer", "boolean"):
        return kind
    return "string" if kind == "string" or is_open(schema) else "json"


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


ENTRIES = ("string", "number", "integer")
BUILDERS: dict[str, Callable[[Schema, dict[str, Any]], forms.Field]] = {
    "choice": lambda schema, common: choice_field(schema.get("enum", [schema.get("const")]), common),
    "boolean": lambda schema, common: choice_field([True, False], common, radio=True),
    "number": lambda schema, common: NumberField(**bounds(schema), **common),
    "integer": lambda schema, common: WholeNumberField(**bounds(schema), **common),
    "string": text_field,
    "date": lambda schema, common: DayField(widget=forms.DateInput(attrs={"type": "date"}), **common),
    "date-time": lambda schema, common: JsonMomentField(**common),
    "lines": lines_field,
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
    return json_text(value) if kind in ("choice", "boolean", "json") else value


def moment(value: Any) -> datetime | None:
    """The moment that an RFC 3339 text names, if it names one."""
    try:
        return moment_of(value)
    except (TypeError, ValueError, AttributeError, OverflowError):
        return None
