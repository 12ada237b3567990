"""Every kind of schema makes a field that takes what a person types and gives the JSON value."""

from typing import Any

import pytest
from django import forms

from clarifications.contract import APPROVAL_SCHEMA
from clarifications.forms.answer_form import AnswerForm
from clarifications.forms.moments import MomentInput
from clarifications.models import Question
from clarifications.services import require_fitting_answer

TEXT = {"type": "string"}
LIST = {"type": "array", "maxItems": 9}

TYPED = [
    ("number", {"type": "number"}, "45", 45, forms.TextInput),
    ("fraction", {"type": "number"}, "45.10", 45.1, forms.TextInput),
    ("tenth", {"type": "number", "minimum": 0.1}, "0.1", 0.1, forms.TextInput),
    ("integer", {"type": "integer"}, "7", 7, forms.TextInput),
    ("zero", {"type": "integer"}, "0", 0, forms.TextInput),
    ("number or null", {"type": ["number", "null"]}, "2", 2, forms.TextInput),
    ("yes", {"type": "boolean"}, "true", True, forms.RadioSelect),
    ("no", {"type": "boolean"}, "false", False, forms.RadioSelect),
    ("text choice", {"enum": ["day", "week"]}, '"week"', "week", forms.Select),
    ("mixed choice", {"enum": ["1", 1, None]}, "1", 1, forms.Select),
    ("null choice", {"enum": ["1", 1, None]}, "null", None, forms.Select),
    ("constant", {"const": "agreed"}, '"agreed"', "agreed", forms.Select),
    ("short text", {**TEXT, "maxLength": 200}, " Invoices ", "Invoices", forms.TextInput),
    ("long text", {**TEXT, "maxLength": 201}, "one\r\ntwo", "one\ntwo", forms.Textarea),
    ("any text", TEXT, "one", "one", forms.Textarea),
    ("day", {**TEXT, "format": "date"}, "2026-11-23", "2026-11-23", forms.DateInput),
    (
        *("moment", {**TEXT, "format": "date-time"}, "2026-11-23T10:30"),
        *("2026-11-23T10:30:00+00:00", MomentInput),
    ),
    ("mail", {**TEXT, "format": "email"}, "ann@example.org", "ann@example.org", forms.EmailInput),
    ("address", {**TEXT, "format": "uri"}, "urn:isbn:1", "urn:isbn:1", forms.URLInput),
    ("texts", {**LIST, "items": TEXT}, "a\r\n\r\n b \n", ["a", "b"], forms.Textarea),
    ("numbers", {**LIST, "items": {"type": "number"}}, "1\n2.5", [1, 2.5], forms.Textarea),
    ("object", {"type": "object"}, '{"a": [1, null]}', {"a": [1, None]}, forms.Textarea),
    ("lists of lists", {**LIST, "items": LIST}, "[[1]]", [[1]], forms.Textarea),
]

REFUSED = [
    ("word for a number", {"type": "number"}, "forty"),
    ("number beyond 64 bits", {"type": "number"}, "1e400"),
    ("integer beyond 64 bits", {"type": "integer"}, "9" * 30),
    ("not a number", {"type": "number"}, "NaN"),
    ("fraction for an integer", {"type": "integer"}, "7.5"),
    ("below the bound", {"type": "number", "minimum": 1}, "0"),
    ("neither yes nor no", {"type": "boolean"}, "maybe"),
    ("no choice", {"enum": ["day"]}, '"week"'),
    ("NUL", TEXT, "a\x00b"),
    ("too long", {**TEXT, "maxLength": 2}, "abc"),
    ("no day", {**TEXT, "format": "date"}, "2026-02-30"),
    ("broken JSON", {"type": "object"}, '{"a": '),
    ("NUL in JSON", {"type": "object"}, '{"a": "\\u0000"}'),
    ("key twice", {"type": "object"}, '{"a": 1, "a": 2}'),
]


def asked(schema: dict[str, Any], **words: Any) -> Question:
    """A question about a field of this schema, as it would be stored."""
    return Question(**{"title": "How many?", "field": "how_many", "schema": schema} | words)


def entered(schema: dict[str, Any], **data: str) -> AnswerForm:
    """The form with these fields filled in."""
    return AnswerForm(asked(schema), data)


@pytest.mark.parametrize(("schema", "text", "value", "widget"), [t[1:] for t in TYPED], ids=[t[0] for t in TYPED])
def test_what_is_typed_becomes_the_json_value_that_the_schema_wants(
    schema: dict[str, Any], text: str, value: Any, widget: type[forms.Widget]
) -> None:
    form = entered(schema, answer=text)
    assert form.is_valid(), form.errors
    assert (form.answer(), type(form.answer())) == (value, type(value))
    assert type(form.fields["answer"].widget) is widget
    require_fitting_answer(schema, form.answer())


@pytest.mark.parametrize(("schema", "text"), [t[1:] for t in REFUSED], ids=[t[0] for t in REFUSED])
def test_what_cannot_be_the_value_is_an_error_of_the_field(schema: dict[str, Any], text: str) -> None:
    form = entered(schema, answer=text)
    assert list(form.errors) == ["answer"]


@pytest.mark.parametrize("schema", [t[1] for t in TYPED], ids=[t[0] for t in TYPED])
def test_an_answer_is_needed_whatever_its_kind(schema: dict[str, Any]) -> None:
    assert list(entered(schema, answer=" ").errors) == ["answer"]


def test_a_wrong_line_of_a_list_is_named() -> None:
    form = entered({**LIST, "items": {"type": "number"}}, answer="1\n\nx")
    assert form.errors["answer"] == ["Line 3: Please enter a number, for example 45 or 45.50, without a currency sign."]


def test_the_field_says_what_the_schema_and_the_asker_say() -> None:
    schema = {"type": "number", "exclusiveMinimum": 0, "maximum": 100, "x_unit": "EUR an hour", "examples": [45]}
    field = AnswerForm(asked(schema, description="What does an hour cost?", reason="Nobody has said it")).fields[
        "answer"
    ]
    assert field.label == "How many?"
    assert field.help_text == (
        "What does an hour cost? Nobody has said it. Unit: EUR an hour. More than 0, at most 100. For example 45."
    )


def test_words_of_a_foreign_worker_are_escaped() -> None:
    hostile = "<script>alert(1)</script>"
    form = AnswerForm(asked({"enum": [hostile], "examples": [hostile]}, title=hostile, reason=hostile))
    assert "<script>" not in form.as_div()


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"type": "number", "default": 45}, 'value="45"'),
        ({"type": "boolean", "default": False}, 'value="false" required id="id_answer_1" checked'),
        ({"enum": ["day", "week"], "default": "week"}, 'value="&quot;week&quot;" selected'),
        ({**LIST, "items": TEXT, "default": ["a", "b"]}, "a\nb</textarea>"),
        ({"type": "object", "default": {"a": 1}}, "{&quot;a&quot;:1}</textarea>"),
        ({**TEXT, "format": "date-time", "default": "2026-11-23T10:30:00Z"}, 'value="2026-11-23T10:30:00"'),
        ({**TEXT, "format": "date-time", "default": "soon"}, 'name="answer"'),
    ],
)
def test_the_default_of_the_schema_is_filled_in(schema: dict[str, Any], shown: str) -> None:
    assert shown in AnswerForm(asked(schema)).as_div()


def test_an_approval_is_a_choice_and_notes() -> None:
    form = entered(APPROVAL_SCHEMA, answer_approved="false", answer_notes="Again, please.")
    assert form.is_valid()
    assert form.answer() == {"approved": False, "notes": "Again, please."}


def test_an_untouched_property_is_left_out_and_never_null() -> None:
    form = entered(APPROVAL_SCHEMA, answer_approved="true", answer_notes="")
    assert form.is_valid()
    assert form.answer() == {"approved": True}


def test_a_property_that_is_needed_has_to_be_filled_in() -> None:
    assert list(entered(APPROVAL_SCHEMA, answer_notes="Hm.").errors) == ["answer_approved"]


def test_an_object_whose_properties_are_no_plain_values_is_written_as_json() -> None:
    nested = {"type": "object", "properties": {"a": {"type": "object"}}}
    required_elsewhere = {"type": "object", "properties": {"a": TEXT}, "required": ["b"]}
    assert [list(AnswerForm(asked(schema)).fields) for schema in (nested, required_elsewhere)] == [["answer"]] * 2


def test_help_and_errors_are_tied_to_their_input() -> None:
    form = entered({"type": "number", "examples": [1]}, answer="x")
    assert 'aria-describedby="id_answer_helptext id_answer_error"' in form.as_div()
    assert 'for="id_answer"' in form.as_div()
