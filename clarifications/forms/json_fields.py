"""Form fields whose cleaned value is a JSON value."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clarifications.forms.moments import MomentField
from clarifications.forms.numbers import NotANumber, parse_number, read_back_attributes, shown_number
from schemas import strict_json

# The cleaned value of a field that was not filled in; such a field is left out of the answer, it is not null there.
ABSENT = ""


class GivesJson(forms.Field):
    """Base of fields whose cleaned value is a JSON value within the limits that hold for all JSON in the system."""

    def clean(self, value: Any) -> Any:
        """Return the JSON value, or ABSENT. Raises ValidationError."""
        cleaned = super().clean(value)
        try:
            json_value = self.to_json(cleaned)
            strict_json.check(json_value)
        except strict_json.InvalidJson as error:
            raise ValidationError(_("This cannot be used: %(why)s.") % {"why": error}) from error
        return json_value

    def to_json(self, cleaned: Any) -> Any:
        """Return the cleaned value as a JSON value."""
        if cleaned is None:
            return ABSENT
        if isinstance(cleaned, Decimal):
            return strict_json.loads(str(cleaned))
        return cleaned.isoformat() if isinstance(cleaned, date) else cleaned


class TypedNumber(GivesJson):
    """A number that is typed as text, because a browser's number input reads `45,50` as 4550 without a warning."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Return the attributes for the script that shows the number as it is understood, while it is typed."""
        return {**super().widget_attrs(widget), **read_back_attributes()}

    def to_python(self, value: Any) -> Any:
        """Return the number that was typed in the reader's number format. Raises ValidationError."""
        if isinstance(value, str) and value.strip():
            try:
                value = parse_number(value)
            except NotANumber as error:
                raise ValidationError(str(error)) from error
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        """Return a number in the reader's format; text that was typed is returned unchanged."""
        return shown_number(value)


class NumberField(TypedNumber, forms.DecimalField):
    """Any number."""


class WholeNumberField(NumberField):
    """A number without a fraction."""

    def to_python(self, value: Any) -> Any:
        """Return the whole number. Raises ValidationError for a fraction."""
        number = super().to_python(value)
        if number is None:
            return None
        if number != number.to_integral_value():
            raise ValidationError(_("Please enter a whole number, without a fraction."))
        return number.to_integral_value()


class DayField(GivesJson, forms.DateField):
    """A day, as YYYY-MM-DD."""


class JsonMomentField(GivesJson, MomentField):
    """A date and time with offset, as RFC 3339."""


class TextField(GivesJson, forms.CharField):
    """Text in which every line ends with a line feed, whatever the browser sent."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.replace("\r\n", "\n").replace("\r", "\n") if isinstance(text, str) else text


class LinesField(TextField):
    """A list with one entry on each line; `entry` is the field that reads an entry."""

    def __init__(self, *, entry: forms.Field, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 6}), **kwargs)
        self.entry = entry

    def to_json(self, cleaned: Any) -> Any:
        lines = [(number, line) for number, line in enumerate(cleaned.split("\n"), 1) if line.strip()]
        return [self.read(number, line) for number, line in lines] if lines else ABSENT

    def read(self, number: int, line: str) -> Any:
        """Return the entry on a line. Raises ValidationError that names the line."""
        try:
            return self.entry.clean(line)
        except ValidationError as error:
            raise ValidationError(
                [_("Line %(number)s: %(why)s") % {"number": number, "why": message} for message in error.messages]
            ) from error


class JsonTextField(TextField):
    """Any value that no other field can take, typed as JSON."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}), **kwargs)

    def to_json(self, cleaned: Any) -> Any:
        return strict_json.loads(cleaned) if cleaned else ABSENT
