"""Log lines: one says one thing, in text and as JSON, and nothing that is sent makes it say another."""

import json
import logging
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from environment.observing import LogSettings, logging_config, metrics_settings
from environment.variables import Environment, InvalidVariable
from telemetry import requests
from telemetry.log_lines import formatter, line_of_child, without_secrets

FORGED = "x\n2026-01-01 00:00:00,000 INFO root signed in\r\x1b[2K\u2028\u202eabc\x9b1m"


@pytest.fixture
def current() -> Iterator[requests.Request]:
    """A request that is being served."""
    request = requests.new_request("GET", "caller-7")
    token = requests.current.set(request)
    yield request
    requests.current.reset(token)


def record(message: str, *args: object, **extra: Any) -> logging.LogRecord:
    """A record as a logger makes it."""
    made = logging.LogRecord("a.logger", logging.WARNING, __file__, 1, message, args, None)
    made.__dict__.update(extra)
    return made


def failed(message: str) -> logging.LogRecord:
    """A record with the trace of an error that says this."""
    try:
        raise ValueError(message)
    except ValueError:
        made = record("It failed")
        made.exc_info = sys.exc_info()
        return made


def test_control_characters_forge_no_line_and_move_no_cursor() -> None:
    text, said = formatter("text").format(record("sent: %s", FORGED)), formatter("json").format(record("%s", FORGED))
    for line in (text, said):
        assert len(line.splitlines()) == 1
        assert line.isprintable()
    assert r"x\n2026" in text
    assert json.loads(said)["message"] == FORGED


def test_a_trace_follows_its_line_and_none_of_its_lines_looks_like_one_of_the_log() -> None:
    first, *others = formatter("text").format(failed(FORGED)).split("\n")
    assert first.endswith("WARNING a.logger It failed")
    assert others
    assert all(line.startswith("  | ") for line in others)
    assert "ValueError" in json.loads(formatter("json").format(failed(FORGED)))["error"]


def test_a_line_has_what_the_request_is_about_and_what_its_record_adds(current: requests.Request) -> None:
    current.project, current.correlation = "p-1", "c-1"
    line = record("done", request=object(), seconds=0.5, outcome="applied", type="", unknown="no")
    assert (
        formatter("text")
        .format(line)
        .endswith(" done request=caller-7 project=p-1 correlation=c-1 seconds=0.5 outcome=applied")
    )
    said = json.loads(formatter("json").format(line))
    assert said["time"].endswith("+00:00")
    assert {**said, "time": "", "process": "", "pid": 0} == {
        "time": "",
        "level": "WARNING",
        "logger": "a.logger",
        "message": "done",
        "process": "",
        "pid": 0,
        "request": "caller-7",
        "project": "p-1",
        "correlation": "c-1",
        "seconds": 0.5,
        "outcome": "applied",
    }


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("GET /projects/?q=dana@example.org&x=1 200", "GET /projects/?… 200"),
        ("Not Found: /answer/eyJ0b2tlbiI6MX0.abc/?next=/", "Not Found: /answer/…/?…"),
        ("GET /answer/<str:token> 200", "GET /answer/<str:token> 200"),
        ("Is it? Yes, a=b", "Is it? Yes, a=b"),
    ],
)
def test_no_query_and_no_token_is_in_a_line(message: str, shown: str) -> None:
    assert formatter("text").format(record(message)).endswith(shown)
    assert json.loads(formatter("json").format(record(message)))["message"] == shown


def test_what_a_child_prints_beside_its_log_becomes_json_where_the_log_is() -> None:
    assert line_of_child("web", 5, "100 % ready", "text") == "web   | 100 % ready"
    assert line_of_child("web", 5, '{"message": "x"}', "json") == '{"message": "x"}'
    said = json.loads(line_of_child("web", 5, "100 % ready", "json"))
    assert (said["process"], said["message"]) == ("web", "100 % ready")


def test_lines_for_each_event_are_off_unless_they_are_asked_for() -> None:
    level = {
        events: logging_config(LogSettings("text", "INFO", events))["loggers"]["interlock.events"]["level"]
        for events in (False, True)
    }
    assert level == {False: "WARNING", True: "INFO"}


def test_a_short_token_is_refused_and_not_shown() -> None:
    with pytest.raises(InvalidVariable, match="METRICS_TOKEN cannot be read. Allowed: at least 16"):
        metrics_settings(Environment({"METRICS_TOKEN": "geheim"}))


def test_a_path_full_of_question_marks_takes_no_time() -> None:
    path, begun = "/?" * 16_000, time.process_time()
    assert without_secrets(path) == path
    assert without_secrets(f"{path}x=1 and more") == "/?… and more"
    assert time.process_time() - begun < 0.2
