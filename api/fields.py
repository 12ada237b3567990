"""Serializer fields that accept only their own JSON type: no number for a text, and no text for a number."""

import re
from datetime import UTC, datetime
from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

# The rules for texts are regular expressions, so that the OpenAPI document shows them to clients. A text has no NUL,
# which PostgreSQL cannot store, and unless it may be empty at least one character that is not blank. Python and
# JavaScript, whose syntax JSON Schema uses, do not match the same blanks with \s: the others are listed one by one.
IS_NOT_BLANK = RegexValidator(
    r"^[\s\x1c-\x1f\x85\ufeff]*[^\s\x00\x1c-\x1f\x85\ufeff][^\x00]*$",
    serializers.CharField.default_error_messages["blank"],
)
HAS_NO_NUL = RegexValidator(r"^[^\x00]*$")

# `datetime.fromisoformat` accepts more forms than RFC 3339, for example dates alone and moments without a time zone.
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)
RFC_3339_IN_WORDS = "YYYY-MM-DDThh:mm:ss[.uuuuuu](Z|+hh:mm|-hh:mm)"


class JsonTyped:
    """Mixin for a field that refuses values of another JSON type, which Django REST framework would convert.

    `python_types` are the types to which the JSON parser turns the accepted values.
    """

    python_types: tuple[type, ...] = (str,)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Return the validated value. Raises ValidationError for a value of another JSON type."""
        # Not `isinstance`: in Python, True and False are integers too.
        if data is not serializers.empty and data is not None and type(data) not in self.python_types:
            self.fail("invalid")  # type: ignore[attr-defined]
        return super().run_validation(data)  # type: ignore[misc]


class Text(JsonTyped, serializers.CharField):
    """A text. Blanks around it count for its length, as in the OpenAPI document, and are removed afterwards."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)
        self.validators = [*self.validators, HAS_NO_NUL if self.allow_blank else IS_NOT_BLANK]

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Return the text without blanks around it. Raises ValidationError if it breaks a rule of the field."""
        text = super().run_validation(data)
        return text.strip() if isinstance(text, str) else text


class Choice(JsonTyped, serializers.ChoiceField):
    """A text that is one of the given choices. A value of another JSON type gets a text's message."""

    default_error_messages = {"invalid": serializers.CharField.default_error_messages["invalid"]}


class Uuid(JsonTyped, serializers.UUIDField):
    """A UUID, written as a JSON text."""


class Moment(serializers.DateTimeField):
    """A point in time in RFC 3339 format, given in the query of an address: the value is always a text.

    A moment that UTC puts before the year 1 or after the year 9999 becomes the first or the last that Python can hold.
    """

    def to_internal_value(self, value: Any) -> datetime:
        """Return the moment in UTC. Raises ValidationError if the text is no date and time in RFC 3339 format."""
        if not RFC_3339.fullmatch(value):
            self.fail("invalid", format=RFC_3339_IN_WORDS)
        try:
            moment = datetime.fromisoformat(value.upper())
        except ValueError:
            self.fail("invalid", format=RFC_3339_IN_WORDS)
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            # In UTC, the moment would be before the year 1 or after the year 9999.
            return (datetime.min if moment.year == 1 else datetime.max).replace(tzinfo=UTC)


class WholeNumber(JsonTyped, serializers.IntegerField):
    """A whole number. JSON may write it with a decimal point, as 2.0; other fractions are refused."""

    python_types = (int, float)


class Number(JsonTyped, serializers.FloatField):
    """A JSON number, whole or not; the value is a float."""

    python_types = (int, float)


class Boolean(JsonTyped, serializers.BooleanField):
    """The JSON value true or false; no texts or numbers such as "yes" or 1."""

    python_types = (bool,)
