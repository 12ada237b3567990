"""Form fields that take what a person types and give the JSON value that it means."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clarifications.forms.moments import MomentField
from clarifications.forms.numbers import NotANumber, number_in, read_back, shown_number
from schemas import strict_json

# What a field gives when nothing was entered: it never becomes a null in the answer.
ABSENT = ""


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

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """What the script needs that reads the number back while it is typed."""
        return {**super().widget_attrs(widget), **read_back()}

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
