"""Log lines as text or as JSON: one line says one thing, and nothing that people send can make it look like two.

No line shows a token of an address, which gives access to what it names, nor a query string. This module needs the
standard library only: the keeper (`runtime/keeper.py`) writes such lines too.
"""

import json
import logging
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from telemetry import requests

Form = Literal["text", "json"]
TOKEN = re.compile(r"(/(?:answer|artifacts|shared|new-password)/)(?!<)[^/\s?\"'>]{1,2000}")
# Of an address in a line: what follows the question mark is what people searched for or sent. A path may be full of
# question marks, so that the pattern takes each stretch once, and `without_query` looks whether it is a query.
QUERY = re.compile(r"(?<=[\w/])\?[^\s\"'>]*+")
# Line breaks of all kinds, what moves a terminal's cursor, and what changes the direction of writing.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# What a line may say beside its message, in this order; the attributes of the record of the same names.
FIELDS = (
    *("request", "account", "trace", "project", "correlation", "group", "event", "type", "seconds", "together"),
    "outcome",
)

# The command that this process runs: `web`, `consume orchestrator`.
WORDS = [Path(sys.argv[0]).name, *(word for word in sys.argv[1:] if word != "--skip-checks")]
PROCESS = " ".join(word for word in WORDS[1:3] if word[:1] != "-") or WORDS[0]


def formatter(form: Form) -> logging.Formatter:
    """Return the formatter of this form."""
    return JsonLine() if form == "json" else TextLine()


def without_secrets(text: str) -> str:
    """Return the text with the tokens and the query strings of addresses replaced by `…`."""
    if any(beginning in text for beginning in ("/answer/", "/artifacts/", "/shared/", "/new-password/")):
        text = TOKEN.sub(r"\1…", text)
    return QUERY.sub(without_query, text) if "?" in text else text


def without_query(found: re.Match[str]) -> str:
    """Return `?…` in place of a query string; a question mark without a `=` behind it is none and stays."""
    return "?…" if "=" in found[0] else found[0]


def on_one_line(text: str) -> str:
    """Return the text with each control character written as its code."""
    return CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """Return what the record says beside its message, with what the current request is about."""
    fields: dict[str, object] = {}
    if request := requests.current.get():
        known = {"request": request.id, "account": request.account, "project": request.project}
        known |= {"correlation": request.correlation, "trace": request.traceparent[3:35]}
        fields = {name: value for name, value in known.items() if value}
    # Django's own records name their request, which is an object with an address and a person.
    own = {name: getattr(record, name) for name in FIELDS[2:] if getattr(record, name, None) not in (None, "")}
    return fields | own


class TextLine(logging.Formatter):
    """A line for people: moment, level, logger, message, then `name=value`. A trace follows, its lines moved in."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line, and as more where it has a trace of an error."""
        line = f"{self.formatTime(record)} {record.levelname} {record.name} {record.getMessage()}"
        if fields := fields_of(record):
            line += "".join(f" {name}={fields[name]}" for name in FIELDS if name in fields)
        line = on_one_line(line)
        if record.exc_info:
            trace = self.formatException(record.exc_info)
            line += "".join(f"\n  | {on_one_line(part)}" for part in trace.splitlines())
        return without_secrets(line)


class JsonLine(logging.Formatter):
    """A line for programs: one JSON object in ASCII, with the same names as the text has."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a JSON object without line breaks."""
        said: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
            "process": getattr(record, "process_name", None) or PROCESS,
            "pid": os.getpid(),
            **fields_of(record),
        }
        if record.exc_info:
            said["error"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(said, default=str)


def line_of_child(name: str, width: int, line: str, form: Form) -> str:
    """Return a line of a child's output as its parent prints it: with its name before it, or as JSON.

    A child that writes JSON is passed on unchanged; what it prints beside its log, such as a last error, becomes JSON.
    """
    if form == "text":
        return f"{name:<{width}} | {line}"
    if line.startswith("{"):
        return line
    record = logging.LogRecord("output", logging.INFO, "", 0, line, (), None)
    record.process_name = name
    return JsonLine().format(record)
