"""Fields of a body as JSON has them: a number is no text, a text is no number, and blanks say nothing."""

import re
from datetime import UTC, datetime
from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

# So that the interface's document says it: no NUL in a text, and something that is no blank. What regular expressions
# of Python and of JSON Schema do not both take for a blank is named.
SAYS_SOMETHING = RegexValidator(
    r"^[\s\x1c-\x1f\x85\ufeff]*[^\s\x00\x1c-\x1f\x85\ufeff][^\x00]*$",
    serializers.CharField.default_error_messages["blank"],
)
HAS_NO_NUL = RegexValidator(r"^[^\x00]*$")

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)


class Exact:
    """A field that takes only what JSON has as its type."""

    kinds: tuple[type, ...] = (str,)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """The value. Raises ValidationError."""
        if data is not serializers.empty and data is not None and type(data) not in self.kinds:
            self.fail("invalid")  # type: ignore[attr-defined]
        return super().run_validation(data)  # type: ignore[misc]


class Text(Exact, serializers.CharField):
    """A text; blanks around it count for its length and are left out."""

    def __init__(self, **said: Any) -> None:
        super().__init__(trim_whitespace=False, **said)
        self.validators = [*self.validators, HAS_NO_NUL if self.allow_blank else SAYS_SOMETHING]

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """The text. Raises ValidationError."""
        text = super().run_validation(data)
        return text.strip() if isinstance(text, str) else text


class Choice(Exact, serializers.ChoiceField):
    """One of several texts."""

    default_error_messages = {"invalid": serializers.CharField.default_error_messages["invalid"]}


class Uuid(Exact, serializers.UUIDField):
    """A UUID as text."""


class Moment(serializers.DateTimeField):
    """A moment as RFC 3339 writes it; one that UTC has no year for is the first or the last that there is."""

    def to_internal_value(self, value: Any) -> datetime:
        """The moment in UTC. Raises ValidationError."""
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


class Whole(Exact, serializers.IntegerField):
    """A whole number."""

    kinds = (int, float)


class Number(Exact, serializers.FloatField):
    """A number."""

    kinds = (int, float)


class Truth(Exact, serializers.BooleanField):
    """True or false."""

    kinds = (bool,)
