"""No sentence of a validator reaches a person: each fault has words of ours, in the reader's language."""

from typing import Any

import pytest
from django.utils.translation import override

from clarifications.errors import InvalidAnswer
from clarifications.sentences import fault_in_words
from clarifications.services import require_fitting_answer
from schemas.compiled import compile_schema
from schemas.restricted import ALLOWED

TITLE = "Hourly rate"
# Keyword → a schema and a value that breaks it.
BROKEN: dict[str, tuple[dict[str, Any], Any]] = {
    "type": ({"type": "number"}, "abc"),
    "exclusiveMinimum": ({"exclusiveMinimum": 0}, 0),
    "minimum": ({"minimum": 1}, 0),
    "exclusiveMaximum": ({"exclusiveMaximum": 5}, 5),
    "maximum": ({"maximum": 5}, 6),
    "multipleOf": ({"multipleOf": 5}, 6),
    "minLength": ({"minLength": 3}, "a"),
    "maxLength": ({"maxLength": 3}, "abcd"),
    "minItems": ({"minItems": 2}, [1]),
    "maxItems": ({"maxItems": 1}, [1, 2]),
    "enum": ({"enum": ["day", "week"]}, "year"),
    "const": ({"const": "yes"}, "no"),
    "format": ({"format": "email"}, "x"),
    "required": ({"required": ["rate"], "properties": {"rate": {"title": "The rate"}}}, {}),
    "additionalProperties": ({"additionalProperties": False}, {"extra": 1}),
}
KINDS = [("integer", "x"), ("boolean", "x"), ("string", 1), ("array", 1), ("object", 1)]
FORMATS = ["date", "date-time", "email", "uri", "uuid"]
# Words by which the validators' own sentences are known.
THEIRS = (
    *("is not of type", "required property", "less than or", "greater than", "is not one of", "was expected"),
    "non-empty",
)
SILENT = {"title", "description", "default", "examples", "x_unit", "x_pointer", "items", "properties"}


def test_every_keyword_that_a_schema_may_use_can_be_said() -> None:
    assert set(BROKEN) == ALLOWED - SILENT


CASES = [
    *BROKEN.values(),
    *(({"type": kind}, value) for kind, value in KINDS),
    *(({"format": name}, "x") for name in FORMATS),
]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("schema", "value"), CASES, ids=str)
def test_a_fault_is_said_in_words_of_ours(language: str, schema: dict[str, Any], value: Any) -> None:
    with override(language), pytest.raises(InvalidAnswer) as refused:
        require_fitting_answer({**schema, "title": TITLE}, value)
    words = str(refused.value)
    assert words.endswith(".")
    assert not [theirs for theirs in THEIRS if theirs in words], words
    (problem, *_) = compile_schema({**schema, "title": TITLE}).problems(value)
    with override("en"):
        english = fault_in_words(problem, {**schema, "title": TITLE}, title=TITLE)
    assert (english == words) == (language == "en")


@pytest.mark.parametrize(
    ("schema", "value", "words"),
    [
        ({"type": "number", "exclusiveMinimum": 0}, 0, "“Hourly rate” must be more than 0."),
        ({"type": "number"}, "abc", "Please enter a number, for example 45 or 45.50, without a currency sign."),
        ({"minLength": 1}, "", "Please fill in “Hourly rate”."),
        (
            {"properties": {"days": {"type": "integer", "title": "Working days"}}},
            {"days": "x"},
            "Please enter a whole number for “Working days”, without a fraction.",
        ),
        ({"items": {"type": "string"}, "maxItems": 9}, ["a", 1], "Please write a text for “Entry 2”."),
    ],
)
def test_the_sentence_names_the_field_and_what_to_do(schema: dict[str, Any], value: Any, words: str) -> None:
    with override("en"), pytest.raises(InvalidAnswer) as refused:
        require_fitting_answer({**schema, "title": TITLE}, value)
    assert str(refused.value) == words
