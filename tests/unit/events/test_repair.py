"""What is wrong with an entry, where, and how it is laid out."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest

import backlog.errors
import clarifications.errors
import events.errors
from events.deadletters.repair import (
    EXPLANATIONS,
    editable_text,
    explanation,
    findings,
    laid_out,
    line_numbers,
    marked_lines,
    visible_text,
)
from events.envelope import from_wire
from events.errors import PermanentError


def request(**changes: Any) -> dict[str, Any]:
    """An event that its contract allows."""
    payload = {"project_id": str(uuid4()), "request_text": "Find out where our time goes.", "template": "minimal"}
    return {
        "event_id": str(uuid4()),
        "event_type": "PROJECT.INITIAL_REQUEST_RECEIVED",
        "event_version": 1,
        "timestamp": datetime.now(UTC).isoformat(),
        "source": {"service": "elsewhere", "instance": "1"},
        "correlation_id": str(uuid4()),
        "causation_id": None,
        "payload": payload,
    } | changes


def wire(event: Any) -> bytes:
    """The event as JSON bytes."""
    return orjson.dumps(event)


def without(event: dict[str, Any], key: str) -> dict[str, Any]:
    """The event less one key."""
    return {name: value for name, value in event.items() if name != key}


ENTRIES = {
    "an event": wire(request()),
    "nothing": b"",
    "no text": b"\xff\x00{",
    "no object": b"[]",
    "a word": b'"word"',
    "a key twice": b'{"a": 1, "a": 2}',
    "a NUL": b'{"a": "\\u0000"}',
    "too deep": b"[" * 100 + b"]" * 100,
    "far too deep": b"[" * 100_000 + b"]" * 100_000,
    "too large": b'"' + b"x" * 1024 * 1024 + b'"',
    "no id": wire(without(request(), "event_id")),
    "an unknown type": wire(request(event_type="NO.SUCH_TYPE")),
    "an unknown version": wire(request(event_version=99)),
    "a version that is a word": wire(request(event_version="1")),
    "a type that is a list": wire(request(event_type=[])),
    "an empty payload": wire(request(payload={})),
    "a payload that is a list": wire(request(payload=[])),
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_something_is_found_exactly_where_a_consumer_would_refuse(entry: str) -> None:
    raw = ENTRIES[entry]
    try:
        from_wire(raw)
        refused = False
    except PermanentError:
        refused = True
    assert bool(findings(raw)) == refused


def test_faults_of_the_envelope_and_of_the_payload_are_told_together_with_their_pointers() -> None:
    event = request(timestamp="yesterday")
    event["payload"]["project_id"] = 7
    assert {found.pointer for found in findings(wire(event))} >= {"/timestamp", "/payload/project_id"}


def test_a_finding_names_the_line_of_the_text_as_it_was_typed() -> None:
    event = request()
    event["payload"]["template"] = 7
    text = json.dumps(event, indent=4)
    line = next(n for n, line in enumerate(text.split("\n"), start=1) if '"template"' in line)
    [found] = findings(text.encode())
    assert (found.pointer, found.line) == ("/payload/template", line)
    assert str(found).startswith(f"Line {line}, /payload/template: ")


def test_json_that_cannot_be_read_is_told_with_the_line_where_reading_stopped() -> None:
    for raw in (b'{\n  "a": 1,\n  "b" 2\n}', b'{\n  "a": 1,\n  "b": "\xff"\n}'):
        [found] = findings(raw)
        assert found.line == 3


TEXTS = [
    '{"b":1.50,"a":{"x":[1,{"y":"a:{,}\\""},[]],"e":{}},"n":null}',
    "[]",
    '"only a \\\\ word"',
    "-1e5",
    '{"a/b~c":[true,false]}',
]


@pytest.mark.parametrize("text", TEXTS)
def test_laying_out_keeps_keys_order_and_spelling(text: str) -> None:
    orderly = laid_out(text)
    assert "".join(orderly.split()) == "".join(text.split())
    assert json.loads(orderly) == json.loads(text)
    assert laid_out(orderly) == orderly


def test_a_key_that_is_there_twice_stays_there_twice() -> None:
    assert laid_out('{"a":1,"a":2}').split("\n") == ["{", '  "a": 1,', '  "a": 2', "}"]


def test_every_value_has_its_pointer_and_line() -> None:
    text = laid_out('{"a/b~c":[10,{"x":[]},[[20]]],"d":{},"e":[{},{"f":1}]}')
    lines = text.split("\n")
    found = line_numbers(text)
    assert {pointer: lines[line - 1].strip() for pointer, line in found.items()} == {
        "": "{",
        "/a~1b~0c": '"a/b~c": [',
        "/a~1b~0c/0": "10,",
        "/a~1b~0c/1": "{",
        "/a~1b~0c/1/x": '"x": []',
        "/a~1b~0c/2": "[",
        "/a~1b~0c/2/0": "[",
        "/a~1b~0c/2/0/0": "20",
        "/d": '"d": {},',
        "/e": '"e": [',
        "/e/0": "{},",
        "/e/1": "{",
        "/e/1/f": '"f": 1',
    }


def test_the_line_at_fault_is_marked_with_what_is_wrong() -> None:
    event = request()
    event["payload"]["template"] = 7
    raw = wire(event)
    noted = [line for line in marked_lines(raw, findings(raw), longest=10_000) if line.notes]
    assert [line.text.strip() for line in noted] == ['"template": 7']
    assert noted[0].notes[0].startswith("/payload/template: ")


def test_of_a_long_entry_the_beginning_and_the_lines_at_fault_are_shown() -> None:
    event = request()
    event["payload"]["columns"] = [f"column {n}" for n in range(5000)]
    event["payload"]["template"] = 7
    event["payload"] = {key: event["payload"][key] for key in ("project_id", "request_text", "columns", "template")}
    raw = wire(event)
    found = [finding for finding in findings(raw) if finding.pointer == "/payload/template"]
    lines = marked_lines(raw, found, longest=10_000)
    [at_fault] = [line for line in lines if line.notes]
    assert '"template": 7' in at_fault.text
    assert at_fault.number > 5000
    assert len(lines) < 210
    assert sum(line.left_out for line in lines) + sum(bool(line.number) for line in lines) == len(
        laid_out(raw.decode()).split("\n")
    )


def test_what_is_no_text_is_shown_and_edited_as_escapes() -> None:
    raw = b'{"a": "\xff\x00"}'
    assert editable_text(raw) == '{"a": "\\xff\\x00"}'
    [line] = marked_lines(raw, findings(raw), longest=100)
    assert "\\xff\\x00" in line.text
    assert line.notes


def test_an_entry_larger_than_any_event_is_not_offered_for_editing() -> None:
    assert editable_text(ENTRIES["too large"]) == ""
    assert len(editable_text(b'"' + b"x" * 1000 + b'"')) == 1002


def test_characters_that_nobody_sees_are_shown_as_escapes_and_others_as_they_are() -> None:
    assert visible_text("Zeitaufnahme für 東京 \u202etxt\x07", longest=100) == "Zeitaufnahme für 東京 \\u202etxt\\x07"
    assert visible_text("abcdef", longest=3) == "abc…"


def test_every_class_of_error_is_explained_also_one_that_nobody_foresaw() -> None:
    assert explanation("InvalidEvent") is EXPLANATIONS["InvalidEvent"]
    assert str(explanation("ZeroDivisionError").happened).endswith("could not be applied.")


def test_explanations_are_of_classes_that_exist() -> None:
    known = {**vars(events.errors), **vars(backlog.errors), **vars(clarifications.errors)}
    assert set(EXPLANATIONS) <= set(known)
