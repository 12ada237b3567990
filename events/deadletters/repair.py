"""What is wrong with a dead letter's entry, found by checking it again now, and laid out for a person to mend."""

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

# A string that nobody closes goes on to the end, so that it is read once.
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
INDENT = "  "
# What a page shows of an entry: its first lines, and those at fault with a little around them.
FIRST_LINES, AROUND = 200, 2
LONGEST_LINE = 2000


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, at which JSON Pointer (empty for the whole document), on which line (0 when unknown)."""

    pointer: str
    message: str
    line: int = 0

    def __str__(self) -> str:
        said = {"line": self.line, "pointer": self.pointer or "/", "message": self.message}
        return (_("Line %(line)s, %(pointer)s: %(message)s") if self.line else _("%(pointer)s: %(message)s")) % said


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an entry (0 after the last), what is wrong on it, and how many lines above it are left out."""

    number: int
    text: str
    notes: tuple[str, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an entry was buried: what happened, and what a person can do."""

    happened: Any
    remedy: Any


# -- what is wrong ---------------------------------------------------------------------------------
def findings(raw: bytes) -> list[Finding]:
    """Everything that the contracts have against the event in these bytes; empty when they accept it."""
    try:
        document = older.translated(strict_json.loads(raw))
    except strict_json.InvalidJson as error:
        return [Finding("", str(error), line_unread(raw, error.__cause__))]
    problems = [*envelope_problems(document), *payload_problems(document)]
    lines = places(raw.decode()) if problems else {}
    return [Finding(p.pointer, p.message, lines.get(p.pointer, 0)) for p in problems]


def envelope_problems(document: Any) -> list[Problem]:
    """What the envelope's contract has against the document."""
    contracts = registry()
    return [] if contracts.envelope_is_valid(document) else contracts.envelope_problems(document)


def payload_problems(document: Any) -> list[Problem]:
    """What the contract that the document names has against its payload, as far as it names one."""
    contracts, said = registry(), document if isinstance(document, dict) else {}
    kind, version = said.get("event_type"), said.get("event_version")
    if not isinstance(kind, str) or not isinstance(version, int) or "payload" not in said:
        return []
    if not contracts.knows(kind, version):
        return [Problem("/event_type", _("There is no contract for %(kind)s version %(version)s.") % said_of(said))]
    if contracts.is_valid(kind, version, said["payload"]):
        return []
    problems = contracts.problems(kind, version, said["payload"])
    return [Problem(f"/payload{problem.pointer}", problem.message) for problem in problems]


def said_of(document: dict[str, Any]) -> dict[str, Any]:
    """The type and version that the document names."""
    return {"kind": document["event_type"], "version": document["event_version"]}


def refused_by_ledger(event: Envelope) -> str:
    """Why the event would have no effect under its id, in words; empty when it would have one."""
    if ledger.conflicting([("", event)]):
        return _("Another event was recorded under this id: replayed so, this one would be refused as a conflict.")
    if Event.objects.filter(event_id=event.event_id, handled_at__isnull=False).exists():
        return _("This event was handled before: replayed under the same id, it would be dropped as a duplicate.")
    return ""


def forged(event: Envelope) -> str:
    """Why nobody but Interlock may say this event, in words; empty when others may, or Interlock said it."""
    if registry().direction(event.event_type, event.event_version) != "out":
        return ""
    return "".join(str(error) for error in ledger.forged([("", event)]).values())


def with_new_id(raw: bytes) -> bytes:
    """The event under an id that nobody used, laid out for reading."""
    document = strict_json.loads(raw)
    document["event_id"] = str(uuid4())
    return editable(strict_json.dumps(document)).encode()


# -- layout ----------------------------------------------------------------------------------------
def line_unread(raw: bytes, cause: BaseException | None) -> int:
    """The line on which reading the bytes as JSON stopped; 0 when they were read and then refused."""
    if not isinstance(cause, orjson.JSONDecodeError):
        return 0
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return raw.count(b"\n", 0, error.start) + 1
    return int(cause.lineno)


def is_json(raw: bytes) -> bool:
    """Whether the bytes are JSON that is short enough to be laid out, if not acceptable JSON."""
    try:
        orjson.loads(raw if len(raw) <= strict_json.MAX_BYTES else b"")
    except orjson.JSONDecodeError:
        return False
    return True


def laid_out(text: str) -> str:
    """A JSON text with a line a value: keys, order and spelling stay as they came."""
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


def places(text: str) -> dict[str, int]:
    """JSON Pointer → the line (from 1) of a JSON text on which the value, or its key, begins."""
    found: dict[str, int] = {}
    containers: list[tuple[str, int]] = []  # pointer and next index of what is open; -1 in an object
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
            found.setdefault(here, line)
        elif sign != ":":
            found.setdefault(here, line)
            if sign in ("{", "["):
                containers.append((here, -1 if sign == "{" else 0))
                key_next, here = sign == "{", here if sign == "{" else f"{here}/0"
    return found


def pointer_token(key: str) -> str:
    """A JSON string as a token of a JSON Pointer (RFC 6901)."""
    return str(json_value(key)).replace("~", "~0").replace("/", "~1")


def editable(raw: bytes) -> str:
    """The event as text to edit: laid out when it is JSON, escaped where it is no text, empty when it is too long."""
    if len(raw) > strict_json.MAX_BYTES:
        return ""
    text = raw.decode(errors="backslashreplace").replace("\x00", "\\x00")
    orderly = laid_out(text) if is_json(raw) else text
    return orderly if len(orderly.encode()) <= strict_json.MAX_BYTES else text


def marked(raw: bytes, found: Iterable[Finding], *, longest: int) -> list[Line]:
    """The lines of the event to show, with what is wrong beside each; of many, the first and those at fault."""
    text = raw[: strict_json.MAX_BYTES].decode(errors="backslashreplace")
    lines_of: dict[str, int] = {}
    if orderly := is_json(raw):
        text = laid_out(text)
        lines_of = places(text)
    notes: dict[int, list[str]] = {}
    for finding in found:
        number = lines_of.get(finding.pointer, 1) if orderly else finding.line or 1
        where = f"{finding.pointer}: " if finding.pointer else ""
        notes.setdefault(number, []).append(where + finding.message)
    return chosen_lines(text.split("\n"), notes, longest=longest)


def chosen_lines(texts: list[str], notes: dict[int, list[str]], *, longest: int) -> list[Line]:
    """The first lines up to `longest` characters in all, and every line with a note and what is around it."""
    shown: list[Line] = []
    length = last = 0
    near = {number + away for number in notes for away in range(-AROUND, AROUND + 1)}
    for number, text in enumerate(texts, start=1):
        if number not in near and (number > FIRST_LINES or length >= longest):
            continue
        cut = visible(text, longest=LONGEST_LINE)
        shown.append(Line(number, cut, tuple(notes.get(number, ())), number - last - 1))
        length, last = length + len(cut), number
    if last < len(texts):
        shown.append(Line(0, "", (), len(texts) - last))
    return shown


def visible(text: str, *, longest: int) -> str:
    """The beginning of the text, with what cannot be seen (or would turn the line round) as escapes."""
    cut = text[:longest]
    seen = cut if cut.isprintable() else "".join(c if c.isprintable() or c in "\n\t" else escaped(c) for c in cut)
    return seen if len(text) <= longest else f"{seen}…"


def escaped(character: str) -> str:
    """The character as an escape."""
    return character.encode("unicode_escape", errors="backslashreplace").decode()


# -- why, in words ---------------------------------------------------------------------------------
EXPLANATIONS: dict[str, Explanation] = {
    "InvalidEvent": Explanation(
        gettext_lazy("The entry is not an event that its contract allows."),
        gettext_lazy("Correct what is marked below and replay it, or ask the sender to send it again and discard it."),
    ),
    "UnknownEventType": Explanation(
        gettext_lazy("Nobody here knows this type of event, or not in this version."),
        gettext_lazy("Correct the type or the version, or replay it once the contract is installed."),
    ),
    "ConflictingEvent": Explanation(
        gettext_lazy("Another event with a different content was received under the same id."),
        gettext_lazy("When both are meant, replay this one under a new id; when one is a mistake, discard this one."),
    ),
    "TooManyAttempts": Explanation(
        gettext_lazy("Each time the entry was taken up, the process that handled it stopped before it was done."),
        gettext_lazy("Have the cause found in the log of that time; then replay it as it is."),
    ),
    "UnknownTemplate": Explanation(
        gettext_lazy("The request names a template that does not exist."),
        gettext_lazy("Correct the template's name, or add the template and replay it as it is."),
    ),
    "BuriedElsewhere": Explanation(
        gettext_lazy("A worker that does not belong to Interlock could not handle this and gave it up."),
        gettext_lazy("Its item has failed. Retry the item when the cause is gone, then discard this."),
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
    "ProjectExists": Explanation(
        gettext_lazy("A project with this id was opened before."),
        gettext_lazy("Give it another project id when a second project is meant; otherwise discard it."),
    ),
}
OTHERWISE = Explanation(
    gettext_lazy("The event was understood, but it could not be applied."),
    gettext_lazy("Read the technical reason; once its cause is gone, replay it as it is."),
)


def explanation(error_class: str) -> Explanation:
    """What the class of an error means for a person."""
    return EXPLANATIONS.get(error_class, OTHERWISE)
