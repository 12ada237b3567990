"""Checks files, and the examples inside the schemas, against the contracts."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from schemas import strict_json
from schemas.compiled import Problem
from schemas.registry import registry


@dataclass(frozen=True, slots=True)
class Finding:
    """The problems of one document, and where that document is; without problems the document is valid."""

    where: str
    problems: list[Problem]


def examine_file(name: str, *, event_type: str | None = None) -> list[Finding]:
    """Return one finding for each document of the file (`-` reads standard input).

    The file holds one JSON document, or one on each line. With `event_type` each document is a payload of that type,
    otherwise an envelope.
    """
    content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    return [Finding(f"{name}:{line}", problems_of(text, event_type)) for line, text in documents_in(content)]


def documents_in(content: bytes) -> list[tuple[int, bytes]]:
    """Return (line number, document) pairs: one a line where some line is JSON by itself, else the whole content."""
    lines = [(number, line) for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]
    has_document_per_line = len(lines) > 1 and not is_json(content) and any(is_json(line) for _, line in lines)
    return lines if has_document_per_line else [(1, content)]


def is_json(text: bytes) -> bool:
    """Return True if the text is a JSON object or list, even one that the strict parser refuses."""
    try:
        return isinstance(orjson.loads(text), dict | list)
    except orjson.JSONDecodeError:
        return False


def problems_of(text: bytes, event_type: str | None) -> list[Problem]:
    """Return the problems of one document: of an envelope, or of a payload where `event_type` is given."""
    try:
        document = strict_json.loads(text)
    except strict_json.InvalidJson as error:
        return [Problem("", f"not acceptable JSON: {error}")]
    if event_type:
        return registry().problems(event_type, 1, document)
    return registry().envelope_problems(document) or payload_problems(document)


def payload_problems(envelope: dict[str, Any]) -> list[Problem]:
    """Return the problems of the payload inside a valid envelope."""
    kind, version = envelope["event_type"], envelope["event_version"]
    if not registry().knows(kind, version):
        return [Problem("/event_type", f"there is no contract for {kind} version {version}")]
    problems = registry().problems(kind, version, envelope["payload"])
    return [Problem("/payload" + problem.pointer, problem.message) for problem in problems]


def examine_examples() -> list[Finding]:
    """Return one finding for each example of each contract: valid examples must pass, invalid ones must be refused."""
    findings = []
    for kind in registry().event_types():
        schema = registry().schema(kind)
        for number, payload in enumerate(schema["examples"], 1):
            findings.append(Finding(f"{kind} example {number}", registry().problems(kind, 1, payload)))
        for number, invalid in enumerate(schema["x_invalid_examples"], 1):
            accepted = registry().is_valid(kind, 1, invalid["payload"])
            problems = [Problem("", "accepted, although " + invalid["why"])] if accepted else []
            findings.append(Finding(f"{kind} invalid example {number}", problems))
    return findings
