"""Holding files, and the schemas' own examples, against the contracts."""

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
    """One document, by where it stands, and what is wrong with it."""

    where: str
    problems: list[Problem]


def examine_file(name: str, *, event_type: str | None = None) -> list[Finding]:
    """Every event of a file (`-` is standard input): one JSON document, or one a line."""
    content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    return [Finding(f"{name}:{line}", problems_of(text, event_type)) for line, text in documents(content)]


def documents(content: bytes) -> list[tuple[int, bytes]]:
    """The documents of a file with their line numbers: one a line if some line is one by itself, else the whole."""
    lines = [(number, line) for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]
    one_a_line = len(lines) > 1 and not is_json(content) and any(is_json(line) for _, line in lines)
    return lines if one_a_line else [(1, content)]


def is_json(text: bytes) -> bool:
    """Whether the text is an object or a list in JSON, acceptable or not."""
    try:
        return isinstance(orjson.loads(text), dict | list)
    except orjson.JSONDecodeError:
        return False


def problems_of(text: bytes, event_type: str | None) -> list[Problem]:
    """What is wrong with one document: an envelope, or a payload of the type."""
    try:
        document = strict_json.loads(text)
    except strict_json.InvalidJson as error:
        return [Problem("", f"not acceptable JSON: {error}")]
    if event_type:
        return registry().problems(event_type, 1, document)
    return registry().envelope_problems(document) or payload_problems(document)


def payload_problems(envelope: dict[str, Any]) -> list[Problem]:
    """What is wrong inside an envelope that is right itself."""
    kind, version = envelope["event_type"], envelope["event_version"]
    if not registry().knows(kind, version):
        return [Problem("/event_type", f"there is no contract for {kind} version {version}")]
    found = registry().problems(kind, version, envelope["payload"])
    return [Problem("/payload" + problem.pointer, problem.message) for problem in found]


def examine_examples() -> list[Finding]:
    """Every example in every contract: the valid ones must pass, the invalid ones must not."""
    findings = []
    for kind in registry().event_types():
        schema = registry().schema(kind)
        for number, payload in enumerate(schema["examples"], 1):
            findings.append(Finding(f"{kind} example {number}", registry().problems(kind, 1, payload)))
        for number, invalid in enumerate(schema["x_invalid_examples"], 1):
            accepted = registry().is_valid(kind, 1, invalid["payload"])
            wrong = [Problem("", "accepted, although " + invalid["why"])] if accepted else []
            findings.append(Finding(f"{kind} invalid example {number}", wrong))
    return findings
