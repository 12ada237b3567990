"""The registry refuses a folder in which anything is not as it must be."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.lint import BadSchema
from schemas.registry import Registry, UnknownSchema, registry

ENVELOPE = {"$id": "urn:test:envelope", "type": "object"}
STARTED = {
    "$id": "urn:test:started",
    "x_event_type": "WORK.STARTED",
    "x_event_version": 1,
    "type": "object",
    "properties": {"note": {"type": "string"}},
}


def folder(root: Path, **events: dict[str, Any]) -> Path:
    """A folder of contracts: an envelope, and each event in a file named after its key."""
    for room in ("envelope", "events"):
        (root / room).mkdir()
    (root / "envelope" / "event_envelope.v1.schema.json").write_text(json.dumps(ENVELOPE))
    for name, schema in events.items():
        (root / "events" / f"{name.replace('__', '.')}.v1.schema.json").write_text(json.dumps(schema))
    return root


def test_a_sound_folder_loads(tmp_path: Path) -> None:
    assert Registry(folder(tmp_path, work__started=STARTED)).event_types() == ["WORK.STARTED"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"x_event_type": ""}, "x_event_type"),
        ({"x_event_type": "WORK.STOPPED"}, "the name should be"),
        ({"type": "objekt"}, "not a JSON Schema"),
        ({"properties": {"note": {"$ref": "http://example.org/note.json"}}}, "outside of the folder"),
        ({"properties": {"note": {"$ref": "urn:test:nowhere"}}}, "does not exist"),
        ({"properties": {"note": {"pattern": "^\\d+"}}}, "differs between engines"),
        ({"properties": {"note": {"pattern": "^[0-9]+$"}}}, "bare \\$"),
        ({"properties": {"note": {"format": "ipv4"}}}, "unknown format"),
        ({"properties": {"note": {"multipleOf": 0.1}}}, "multipleOf with a fraction"),
        ({"dependencies": {"note": ["x"]}}, "not a keyword"),
        ({"$id": "urn:test:envelope"}, "two files"),
        ({"properties": {"note": {"pattern": "^(a|b$)"}}}, "bare \\$"),
        ({"properties": {"default": {"pattern": "\\d"}}}, "/properties/default"),
        ({"patternProperties": {"\\d": {}}}, "differs between engines"),
        ({"anyOf": [{"format": "ipv4"}]}, "/anyOf/0"),
        ({"$dynamicRef": "http://example.org/note.json"}, "outside of the folder"),
    ],
)
def test_a_bad_schema_is_refused_with_the_reason(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    with pytest.raises(BadSchema, match=says):
        Registry(folder(tmp_path, work__started=STARTED | change))


def test_a_pattern_may_name_the_dollar_and_end_firmly(tmp_path: Path) -> None:
    price = {"properties": {"price": {"pattern": "^[$]\\$(?!\\n)$"}}}
    assert Registry(folder(tmp_path, work__started=STARTED | price)).knows("WORK.STARTED")


def test_a_second_file_for_a_type_is_refused(tmp_path: Path) -> None:
    root = folder(tmp_path, work__started=STARTED)
    (root / "events" / "work.started.v01.schema.json").write_text(json.dumps(STARTED | {"$id": "urn:test:again"}))
    with pytest.raises(BadSchema):
        Registry(root)


def test_a_file_that_is_not_json_is_refused_by_name(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "events" / "work.broken.v1.schema.json").write_text("{")
    with pytest.raises(BadSchema, match=r"work\.broken"):
        Registry(root)


def test_a_reference_inside_the_folder_is_followed_by_both_validators() -> None:
    problems = registry().problems("DELIVERABLE.PUBLISHED", 1, {"deliverable": {"confidence": 2}})
    assert ("/deliverable/confidence", "2 is greater than the maximum of 1") in {
        (p.pointer, p.message) for p in problems
    }


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(UnknownSchema, match="WORK.NEVER"):
        registry().schema("WORK.NEVER")


@pytest.mark.timeout(20)
def test_a_document_that_is_wrong_everywhere_is_judged_without_delay() -> None:
    payload = registry().schema("PROJECT.INITIAL_REQUEST_RECEIVED")["examples"][0] | {
        "work_context": {"rows": [1] * 500_000}
    }
    assert len(registry().problems("PROJECT.INITIAL_REQUEST_RECEIVED", 1, payload)) == 50


def test_a_huge_value_does_not_make_a_huge_message() -> None:
    problems = registry().problems("WORK.ITEM_STARTED", 1, {"project_id": "x" * 100_000})
    assert max(len(p.message) for p in problems) < 300
