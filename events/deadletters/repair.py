"""Checks a dead letter's entry again and lays it out with its faults, so that a person can correct it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from json import loads as json_value
from typing import Any
from uuid import uuid4

import orjson
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events import ledger, older
from events.envelope import Envelope
from events.models import Event
from schemas import strict_json
from schemas.compiled import Problem
from schemas.registry import registry

# A string without a closing quote extends to the end of the text: so the text is read once, in linear time.
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
INDENT = "  "
# A page shows the first lines of an entry, and each line with a fault with this number of lines before and after it.
FIRST_LINES, NEIGHBOURS = 200, 2
LONGEST_LINE = 2000


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault: its message, its JSON Pointer (empty for the whole document) and its line (0 if unknown)."""

    pointer: str
    message: str
    line: int = 0

    def __str__(self) -> str:
        values = {"line": self.line, "pointer": self.pointer or "/", "message": self.message}
        return (_("Line %(line)s, %(pointer)s: %(message)s") if self.line else _("%(pointer)s: %(message)s")) % values


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an entry to show (number 0 after the last one), its faults, and how many lines above are left out."""

    number: int
    text: str
    notes: tuple[str, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an error class means to a person: what happened, and what the person can do."""

    happened: Any
    remedy: Any


# -- what is wrong ---------------------------------------------------------------------------------
def findings(raw: bytes) -> list[Finding]:
    """Return every fault of the event in these bytes under the contracts of today; empty if they accept it."""
    try:
        document = older.in_current_spelling(strict_json.loads(raw))
    except strict_json.InvalidJson as error:
        return [Finding("", str(error), line_of_json_error(raw, error.__cause__))]
    problems = [*envelope_problems(document), *payload_problems(document)]
    lines = line_numbers(raw.decode()) if problems else {}
    return [Finding(p.pointer, p.message, lines.get(p.pointer, 0)) for p in problems]


def envelope_problems(document: Any) -> list[Problem]:
    """Return the faults of the document under the envelope's contract."""
    contracts = registry()
    return [] if contracts.envelope_is_valid(document) else contracts.envelope_problems(document)


def payload_problems(document: Any) -> list[Problem]:
    """Return the faults of the payload under the contract that the document names; empty if it names none."""
    contracts, named = registry(), document if isinstance(document, dict) else {}
    kind, version = named.get("event_type"), named.get("event_version")
    if not isinstance(kind, str) or not isinstance(version, int) or "payload" not in named:
        return []
    if not contracts.knows(kind, version):
        return [Problem("/event_type", _("There is no contract for %(kind)s version %(version)s.") % names_of(named))]
    if contracts.is_valid(kind, version, named["payload"]):
        return []
    problems = contracts.problems(kind, version, named["payload"])
    return [Problem(f"/payload{problem.pointer}", problem.message) for problem in problems]


def names_of(document: dict[str, Any]) -> dict[str, Any]:
    """Return the type and version that the document names, as values for a message."""
    return {"kind": document["event_type"], "version": document["event_version"]}


def ledger_refusal_in_words(event: Envelope) -> str:
    """Return in words why the event would have no effect under its id; empty if it would have one."""
    if ledger.conflict_errors([("", event)]):
        return _("Another event has this id: if this one is replayed under the same id, it is refused as a conflict.")
    if Event.objects.filter(event_id=event.event_id).exists():
        return _("This event was handled before: replayed under the same id, it would be dropped as a duplicate.")
    return ""


def forgery_in_words(event: Envelope) -> str:
    """Return in words why this event was not sent by Interlock, though only Interlock may send it.

    Empty if all is well.
    """
    if registry().direction(event.event_type, event.event_version) != "out":
        return ""
    return "".join(str(error) for error in ledger.forgery_errors([("", event)]).values())


def with_new_id(raw: bytes) -> bytes:
    """Return the event under a new id, laid out for reading."""
    document = strict_json.loads(raw)
    document["event_id"] = str(uuid4())
    return editable_text(strict_json.dumps(document)).encode()


# -- layout ----------------------------------------------------------------------------------------
def line_of_json_error(raw: bytes, cause: BaseException | None) -> int:
    """Return the line at which the JSON parser stopped; 0 if the bytes were parsed and refused afterwards."""
    if not isinstance(cause, orjson.JSONDecodeError):
        return 0
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return raw.count(b"\n", 0, error.start) + 1
    return int(cause.lineno)


def is_json(raw: bytes) -> bool:
    """Return True if the bytes are JSON, even JSON that the strict parser refuses, and not too long to be laid out."""
    try:
        orjson.loads(raw if len(raw) <= strict_json.MAX_BYTES else b"")
    except orjson.JSONDecodeError:
        return False
    return True


def laid_out(text: str) -> str:
    """Return the JSON text with one value on each line; keys, order and spelling stay unchanged."""
    parts: list[str] = []
    depth, last = 0, ":"
    for token in TOKEN.findall(text):
        if token in ("}", "]"):
            depth -= 1
            parts.append("" if last in ("{", "[") else "\n" + INDENT * depth)
        elif last in ("{", "[", ","):
            parts.append("\n" + INDENT * depth)
        elif last == ":" and parts:
            parts.append(" ")
        parts.append(token)
        depth += token in ("{", "[")
        last = token
    return "".join(parts)


def line_numbers(text: str) -> dict[str, int]:
    """Return {JSON Pointer: line} of a JSON text, lines counted from 1: where the value or its key begins."""
    lines: dict[str, int] = {}
    containers: list[tuple[str, int]] = []  # (pointer, next index) of each open container; -1 in an object
    here, key_next, line, end = "", False, 1, 0
    for match in TOKEN.finditer(text):
        sign, line, end = match[0], line + text.count("\n", end, match.start()), match.start()
        if sign in ("}", "]"):
            containers.pop()
            key_next = False
        elif sign == ",":
            above, index = containers.pop()
            key_next = index < 0
            containers.append((above, index if key_next else index + 1))
            here = here if key_next else f"{above}/{index + 1}"
        elif key_next:
            here, key_next = f"{containers[-1][0]}/{pointer_token(sign)}", False
            lines.setdefault(here, line)
        elif sign != ":":
            lines.setdefault(here, line)
            if sign in ("{", "["):
                containers.append((here, -1 if sign == "{" else 0))
                key_next, here = sign == "{", here if sign == "{" else f"{here}/0"
    return lines


def pointer_token(key: str) -> str:
    """Return the JSON string as a token of a JSON Pointer (RFC 6901)."""
    return str(json_value(key)).replace("~", "~0").replace("/", "~1")


def editable_text(raw: bytes) -> str:
    """Return the event as text to edit: laid out if it is JSON, bytes that are no text escaped.

    Empty if it is too long.
    """
    if len(raw) > strict_json.MAX_BYTES:
        return ""
    text = raw.decode(errors="backslashreplace").replace("\x00", "\\x00")
    pretty = laid_out(text) if is_json(raw) else text
    return pretty if len(pretty.encode()) <= strict_json.MAX_BYTES else text


def marked_lines(raw: bytes, faults: Iterable[Finding], *, longest: int) -> list[Line]:
    """Return the lines of the event to show, with their faults; of many lines, the first ones and those with faults."""
    text = raw[: strict_json.MAX_BYTES].decode(errors="backslashreplace")
    lines_of: dict[str, int] = {}
    if as_json := is_json(raw):
        text = laid_out(text)
        lines_of = line_numbers(text)
    notes: dict[int, list[str]] = {}
    for finding in faults:
        number = lines_of.get(finding.pointer, 1) if as_json else finding.line or 1
        where = f"{finding.pointer}: " if finding.pointer else ""
        notes.setdefault(number, []).append(where + finding.message)
    return chosen_lines(text.split("\n"), notes, longest=longest)


def chosen_lines(texts: list[str], notes: dict[int, list[str]], *, longest: int) -> list[Line]:
    """Return the first lines, up to `longest` characters in all, and each line with a fault and its neighbours."""
    lines: list[Line] = []
    length = last = 0
    near = {number + away for number in notes for away in range(-NEIGHBOURS, NEIGHBOURS + 1)}
    for number, text in enumerate(texts, start=1):
        if number not in near and (number > FIRST_LINES or length >= longest):
            continue
        cut = visible_text(text, longest=LONGEST_LINE)
        lines.append(Line(number, cut, tuple(notes.get(number, ())), number - last - 1))
        length, last = length + len(cut), number
    if last < len(texts):
        lines.append(Line(0, "", (), len(texts) - last))
    return lines


def visible_text(text: str, *, longest: int) -> str:
    """Return the beginning of the text with invisible characters, and those that change its direction, escaped."""
    cut = text[:longest]
    seen = cut if cut.isprintable() else "".join(c if c.isprintable() or c in "\n\t" else escaped(c) for c in cut)
    return seen if len(text) <= longest else f"{seen}…"


def escaped(character: str) -> str:
    """Return the character as a Python escape."""
    return character.encode("unicode_escape", errors="backslashreplace").decode()


# -- why, in words ---------------------------------------------------------------------------------
EXPLANATIONS: dict[str, Explanation] = {
    "InvalidEvent": Explanation(
        gettext_lazy("The entry is not an event that its contract allows."),
        gettext_lazy("Correct what is marked below and replay it, or ask the sender to send it again and discard it."),
    ),
    "UnknownEventType": Explanation(
        gettext_lazy("Interlock does not know this type of event, or does not know this version of it."),
        gettext_lazy("Correct the type or the version, or replay it once the contract is installed."),
    ),
    "ConflictingEvent": Explanation(
        gettext_lazy("Another event with a different content was received under the same id."),
        gettext_lazy(
            "If both events are intended, replay this one under a new id. If this one is a mistake, discard it."
        ),
    ),
    "TooManyAttempts": Explanation(
        gettext_lazy("Each time a process began to handle the entry, the process stopped before it had finished."),
        gettext_lazy("Find the cause in the log of that time. Then replay the entry as it is."),
    ),
    "UnknownTemplate": Explanation(
        gettext_lazy("The request names a template that does not exist."),
        gettext_lazy("Correct the template's name, or add the template and replay it as it is."),
    ),
    "BuriedElsewhere": Explanation(
        gettext_lazy("A worker outside of Interlock could not handle this dispatch and gave up."),
        gettext_lazy("The work item has failed. Remove the cause, retry the item, then discard this dead letter."),
    ),
    "UnknownProject": Explanation(
        gettext_lazy("The event speaks of a project that does not exist."),
        gettext_lazy("Correct the project's id, or discard it when the project was never opened."),
    ),
    "UnknownItem": Explanation(
        gettext_lazy("The event speaks of a work item that its project does not have."),
        gettext_lazy("Correct the item's id, or discard it."),
    ),
    "UnknownQuestion": Explanation(
        gettext_lazy("The answer belongs to a question that does not exist."),
        gettext_lazy("Correct the question's id, or discard it and answer the question here."),
    ),
    "InvalidAnswer": Explanation(
        gettext_lazy("The answer does not fit the question."),
        gettext_lazy("Correct the answer and replay it, or discard it and answer the question here."),
    ),
    "UnknownProducer": Explanation(
        gettext_lazy("The entry is signed with a key that belongs to no producer."),
        gettext_lazy("Add the producer with this key and replay the entry as it is, or discard it."),
    ),
    "WrongSignature": Explanation(
        gettext_lazy("The signature does not fit: the event is forged, damaged, or meant for another installation."),
        gettext_lazy("Ask the producer whether it sent this. If it did not, discard it and look who can write there."),
    ),
    "ProducerEnded": Explanation(
        gettext_lazy("The key with which the event is signed was revoked, or had expired."),
        gettext_lazy("Give the producer a new key and have it send the event again, then discard this one."),
    ),
    "SignatureTooOld": Explanation(
        gettext_lazy("The event was signed long before it came, or its time lies in the future."),
        gettext_lazy("Look at the producer's clock and have it send the event again, then discard this one."),
    ),
    "WrongSender": Explanation(
        gettext_lazy("A producer spoke in the name of another one."),
        gettext_lazy("Correct the producer's settings and have it send the event again, then discard this one."),
    ),
    "TypeNotPermitted": Explanation(
        gettext_lazy("The producer may not say events of this type."),
        gettext_lazy("If it shall, add a producer with this type and a new key. Otherwise discard it."),
    ),
    "AgentNotPermitted": Explanation(
        gettext_lazy("The producer spoke about the work of an agent that is not its own."),
        gettext_lazy("If it shall, add a producer with this agent and a new key. Otherwise discard it."),
    ),
    "UnsignedEvent": Explanation(
        gettext_lazy("The entry has no signature, and events of this type are accepted only with one."),
        gettext_lazy("Have the producer sign what it sends, then discard this one."),
    ),
    "ProjectExists": Explanation(
        gettext_lazy("A project with this id was opened before."),
        gettext_lazy("If a second project is intended, give it another project id. Otherwise discard it."),
    ),
}
GENERAL_EXPLANATION = Explanation(
    gettext_lazy("The event was understood, but it could not be applied."),
    gettext_lazy("Read the technical reason. Once its cause is removed, replay the entry as it is."),
)


def explanation(error_class: str) -> Explanation:
    """Return what the error class means to a person; a general explanation for an unknown class."""
    return EXPLANATIONS.get(error_class, GENERAL_EXPLANATION)
