"""A list of rows is filled in as a table: a row an entry, a column a property, and nobody writes JSON."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict

from clarifications.contract import KNOWN_FIELDS
from clarifications.errors import InvalidAnswer
from clarifications.forms.answer_form import AnswerForm
from clarifications.models import Question
from clarifications.services import require_fitting_answer

SCHEMA: dict[str, Any] = {
    "type": "array",
    "maxItems": 5,
    "items": {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "title": "Name", "minLength": 1},
            "cost": {"type": "number", "title": "Cost", "minimum": 0},
            "kind": {"enum": ["fixed", "open"], "title": "Kind"},
            "paid": {"type": "boolean", "title": "Paid"},
            "site": {"type": "object", "title": "Site", "properties": {"city": {"type": "string", "title": "City"}}},
        },
        "additionalProperties": False,
    },
}


def asked(schema: dict[str, Any] = SCHEMA, **words: Any) -> Question:
    """A question about a field of this schema."""
    return Question(**{"title": "Contracts", "field": "contracts", "schema": schema} | words)


def typed(*rows: tuple[str, ...], **more: str) -> dict[str, str]:
    """What a browser sends of the table with these rows."""
    cells = {f"answer-{at}-{i}": value for at, row in enumerate(rows) for i, value in enumerate(row)}
    return {"answer-rows": str(len(rows)), **cells, **more}


def test_filled_rows_are_the_entries_and_blank_ones_count_for_nothing() -> None:
    form = AnswerForm(asked(), typed(("Rent", "45,50", '"fixed"', "true", "Lyon"), ("", " ", "", "", ""), ("Tax",)))
    assert form.is_valid(), form.errors
    assert form.answer() == [
        {"name": "Rent", "cost": 45.5, "kind": "fixed", "paid": True, "site": {"city": "Lyon"}},
        {"name": "Tax"},
    ]
    require_fitting_answer(SCHEMA, form.answer())


def test_a_fault_is_named_by_its_row_and_column_and_shown_at_its_cell() -> None:
    form = AnswerForm(asked(), typed(("", "3"), ("Rent", "many"), ("Tax", "1.234")))
    assert form.errors["answer"] == [
        "Row 1, Name: Please fill this in.",
        "Row 2, Cost: Please enter a number, for example 45 or 45.50, without a currency sign.",
        "Row 3, Cost: This could be 1234 or 1.2340: please write the one you mean.",
    ]
    html = form.as_div()
    assert 'id="id_answer-1-1" aria-invalid="true" aria-describedby="id_answer-1-1_error"' in html
    assert 'value="many"' in html


def test_what_the_schema_refuses_is_named_by_its_row_and_column_too() -> None:
    schema = {**SCHEMA, "items": {**SCHEMA["items"], "properties": {"name": {"title": "Name", "const": "Rent"}}}}
    form = AnswerForm(asked({**SCHEMA, "minItems": 2}), typed(("Rent", "1")))
    assert not form.fits()
    assert form.errors["answer"] == ["“Contracts” needs at least 2 entries."]
    bounded = {**SCHEMA["items"]["properties"], "cost": {"type": "number", "title": "Cost", "exclusiveMinimum": 0}}
    form = AnswerForm(asked({**SCHEMA, "items": {**schema["items"], "properties": bounded}}), typed(("Rent", "0")))
    assert not form.fits()
    assert form.errors["answer"] == ["Row 1, Cost: “Cost” must be more than 0."]


@pytest.mark.parametrize(
    ("button", "names"),
    [
        ({"answer-add": "1"}, ["Rent", "Tax", "", ""]),
        ({"answer-add": "10"}, ["Rent", "Tax", "", "", ""]),
        ({"answer-remove": "1"}, ["Tax", ""]),
        ({"answer-remove": "99"}, ["Rent", "Tax"]),
        ({"answer-add": "-1"}, ["Rent", "Tax", ""]),
    ],
)
def test_a_button_adds_or_removes_rows_and_nothing_is_lost_or_judged(button: dict[str, str], names: list[str]) -> None:
    form = AnswerForm(asked(), typed(("Rent",), ("",), ("Tax",), **button))
    assert form.is_filled_in
    assert not form.unjudged().errors
    rows = form["answer"].value()
    assert [row[0] or "" for row in rows][: len(names)] == names


def test_a_chosen_file_is_said_to_be_chosen_again_when_rows_change() -> None:
    files = MultiValueDict({"spreadsheet": [SimpleUploadedFile("june.csv", b"x")]})
    form = AnswerForm(asked(KNOWN_FIELDS["rows"]), typed(**{"answer-add": "1"}), files).unjudged()
    assert "“june.csv” is not kept" in form.errors["spreadsheet"][0]


def test_an_earlier_answer_is_shown_as_rows() -> None:
    given = [{"name": "Rent", "cost": 45.5, "kind": "fixed", "paid": False, "site": {"city": "Lyon"}}]
    form = AnswerForm(asked(), suggested=type("Given", (), {"value": given})())
    html = form.as_div()
    for shown in ('value="Rent"', 'value="45.5"', 'value="&quot;fixed&quot;" selected', 'value="Lyon"'):
        assert shown in html


def test_a_table_among_other_parts_is_filled_in_with_them() -> None:
    schema = {
        "type": "object",
        "required": ["owner"],
        "properties": {
            "owner": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
            "contracts": SCHEMA,
            "tags": {"type": "array", "maxItems": 3, "items": {"type": "string"}},
        },
    }
    data = {"answer_owner-name": "Ann", "answer_tags": "a\nb", "answer_contracts-rows": "1"}
    form = AnswerForm(asked(schema), {**data, "answer_contracts-0-0": "Rent"})
    assert form.is_valid(), form.errors
    assert form.answer() == {"owner": {"name": "Ann"}, "contracts": [{"name": "Rent"}], "tags": ["a", "b"]}
    assert form.fields["answer_owner-name"].label == "Owner: Name"
    form.refuse(InvalidAnswer("no", problems=[("/contracts/0/name", "Bad.")]))
    assert form.errors == {"answer_contracts": ["Row 1, Name: Bad."]}


@pytest.mark.parametrize(
    ("schema", "needs_json"),
    [
        (SCHEMA, False),
        (KNOWN_FIELDS["rows"], False),
        ({"type": "object"}, True),
        ({"type": "array", "maxItems": 3, "items": {"type": "object"}}, True),
        ({"type": "object", "properties": {"a": {"type": "object"}}}, True),
    ],
)
def test_only_what_no_form_can_hold_is_written_as_json(schema: dict[str, Any], needs_json: bool) -> None:
    assert AnswerForm(asked(schema)).needs_json is needs_json


def test_a_table_says_nothing_of_json() -> None:
    form = AnswerForm(asked({**SCHEMA, "examples": [[{"name": "Rent"}]]}))
    assert "JSON" not in form.as_div()
    assert "{" not in str(form.fields["answer"].help_text)


def test_a_row_of_a_hostile_worker_is_escaped() -> None:
    hostile = "<script>alert(1)</script>"
    items = {"type": "object", "properties": {hostile: {"type": "string", "title": hostile, "description": hostile}}}
    form = AnswerForm(asked({"type": "array", "maxItems": 2, "items": items}), typed((hostile,)))
    assert "<script>" not in form.as_div()
    assert form.is_valid()
    assert form.answer() == [{hostile: hostile}]
