"""Fields of a body as JSON has them: a number is no text, a text is no number, and blanks say nothing."""

from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

# So that the interface's document says it: something in a text is no blank.
SAYS_SOMETHING = RegexValidator(r"\S")


class Exact:
    """A field that takes only what JSON has as its type."""

    kinds: tuple[type, ...] = (str,)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """The value. Raises ValidationError."""
        if data is not serializers.empty and data is not None and type(data) not in self.kinds:
            self.fail("invalid")  # type: ignore[attr-defined]
        return super().run_validation(data)  # type: ignore[misc]


class Text(Exact, serializers.CharField):
    """A text."""

    def __init__(self, **said: Any) -> None:
        super().__init__(**said)
        if not self.allow_blank:
            self.validators = [*self.validators, SAYS_SOMETHING]


class Choice(Exact, serializers.ChoiceField):
    """One of several texts."""

    default_error_messages = {"invalid": serializers.CharField.default_error_messages["invalid"]}


class Uuid(Exact, serializers.UUIDField):
    """A UUID as text."""


class Whole(Exact, serializers.IntegerField):
    """A whole number."""

    kinds = (int, float)


class Number(Exact, serializers.FloatField):
    """A number."""

    kinds = (int, float)


class Truth(Exact, serializers.BooleanField):
    """True or false."""

    kinds = (bool,)
