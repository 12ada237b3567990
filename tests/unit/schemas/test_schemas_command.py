"""`manage.py schemas` shows the contracts and holds files against them."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from schemas.registry import registry
from tests.flows import envelope


def run(*arguments: str) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("schemas", *arguments, stdout=out)
    return out.getvalue()


def started(**changes: Any) -> str:
    """A valid event as JSON."""
    return json.dumps(envelope("WORK.ITEM_STARTED", registry().schema("WORK.ITEM_STARTED")["examples"][0]) | changes)


def test_list_names_every_type() -> None:
    assert len(run("list").splitlines()) == 34


def test_show_prints_the_contract_with_its_examples() -> None:
    assert json.loads(run("show", "WORK.ITEM_COMPLETED"))["examples"]


def test_show_of_an_unknown_type_says_where_to_look() -> None:
    with pytest.raises(CommandError, match="schemas list"):
        run("show", "WORK.NEVER")


def test_the_examples_are_what_they_say() -> None:
    assert " 0 invalid" in run("validate", "--examples")


def test_a_file_of_events_is_checked_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "events.ndjson").write_text(started() + "\n" + started() + "\n")
    assert "2 checked, 0 invalid" in run("validate", str(tmp_path / "events.ndjson"))


def test_a_line_cut_short_is_named_and_the_others_are_still_checked(tmp_path: Path) -> None:
    (tmp_path / "events.ndjson").write_text(started()[:-9] + "\n" + started() + "\n")
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("schemas", "validate", str(tmp_path / "events.ndjson"), stdout=out)
    assert "events.ndjson:1: / not acceptable JSON" in out.getvalue()
    assert "2 checked, 1 invalid" in out.getvalue()


def test_an_indented_event_is_one_document(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps(json.loads(started()), indent=2))
    assert "1 checked, 0 invalid" in run("validate", str(tmp_path / "one.json"))


def test_an_invalid_event_fails_with_every_pointer(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(started(payload={"project_id": "7", "more": 1}))
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("schemas", "validate", str(tmp_path / "one.json"), stdout=out)
    assert "/payload/project_id" in out.getvalue()
    assert "'more' was unexpected" in out.getvalue()
    assert "1 checked, 1 invalid" in out.getvalue()


def test_a_payload_alone_is_checked_against_the_type_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "payload.json").write_text(json.dumps(registry().schema("USER.ANSWER_SUBMITTED")["examples"][0]))
    assert "1 checked, 0 invalid" in run("validate", str(tmp_path / "payload.json"), "--type", "USER.ANSWER_SUBMITTED")


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match="nowhere.json"):
        run("validate", "nowhere.json")
