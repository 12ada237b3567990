"""Serializer fields that keep to the types of JSON: a number is not accepted as a text, nor a text as a number."""

import re
from datetime import UTC, datetime
from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

# Patterns, so that the OpenAPI document shows the rules: a text has no NUL and at least one sign that is not blank.
# The signs that Python and JSON Schema do not both match with \s are listed one by one.
SAYS_SOMETHING = RegexValidator(
    r"^[\s\x1c-\x1f\x85\ufeff]*[^\s\x00\x1c-\x1f\x85\ufeff][^\x00]*$",
    serializers.CharField.default_error_messages["blank"],
)
HAS_NO_NUL = RegexValidator(r"^[^\x00]*$")

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)


class JsonTyped:
    """Mixin for a field that accepts only values of its own JSON type and converts none."""

    kinds: tuple[type, ...] = (str,)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Return the validated value. Raises ValidationError for a value of another JSON type."""
        if data is not serializers.empty and data is not None and type(data) not in self.kinds:
            self.fail("invalid")  # type: ignore[attr-defined]
        return super().run_validation(data)  # type: ignore[misc]


class Text(JsonTyped, serializers.CharField):
    """A text. Blanks around it count for its length and are removed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)
        self.validators = [*self.validators, HAS_NO_NUL if self.allow_blank else SAYS_SOMETHING]

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Return the text without blanks around it. Raises ValidationError."""
        text = super().run_validation(data)
        return text.strip() if isinstance(text, str) else text


class Choice(JsonTyped, serializers.ChoiceField):
    """One of several texts."""

    default_error_messages = {"invalid": serializers.CharField.default_error_messages["invalid"]}


class Uuid(JsonTyped, serializers.UUIDField):
    """A UUID as text."""


class Moment(serializers.DateTimeField):
    """A moment in RFC 3339 format. One that is outside of the years 1 to 9999 in UTC becomes the nearest inside."""

    def to_internal_value(self, value: Any) -> datetime:
        """Return the moment in UTC. Raises ValidationError."""
        if not RFC_3339.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ss[.uuuuuu](Z|+hh:mm|-hh:mm)")
        try:
            moment = datetime.fromisoformat(value.upper())
        except ValueError:
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ss[.uuuuuu](Z|+hh:mm|-hh:mm)")
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            return (datetime.min if moment.year == 1 else datetime.max).replace(tzinfo=UTC)


class WholeNumber(JsonTyped, serializers.IntegerField):
    """A whole number; JSON may write it with a decimal point, as 2.0."""

    kinds = (int, float)


class Number(JsonTyped, serializers.FloatField):
    """A number."""

    kinds = (int, float)


class Boolean(JsonTyped, serializers.BooleanField):
    """True or false."""

    kinds = (bool,)
