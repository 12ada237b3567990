"""Dead letters of others: what a worker that is not ours put on the dead-letter stream, read and kept.

Our own dead letters stand on the same stream and carry the field `dead_letter`. Others carry the field `dlq`, a JSON
object, or its keys as plain fields; whatever can be read of it is shown, and nothing in it can stop the reading.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings

from events.clock import database_now
from events.deadletters import clean
from events.errors import BuriedElsewhere
from events.models import DeadLetter, packed
from events.streams import Entry
from schemas import strict_json

LONGEST_NAME = 200
NO_REASON = "Its worker gave no reason."


@dataclass(frozen=True, slots=True)
class Refusal:
    """A dispatch that its worker could not handle: the event's id, as far as it can be read, and why."""

    event_id: UUID | None
    reason: str


def take_in(entries: Sequence[Entry]) -> list[Refusal]:
    """Keep the entries of others as dead letters, each once, and return what they refuse. Runs in a transaction."""
    others = [entry for entry in entries if b"dead_letter" not in entry.fields]
    known = set(
        DeadLetter.objects.filter(
            stream=settings.DLQ_STREAM, entry_id__in=[entry.entry_id for entry in others]
        ).values_list("entry_id", flat=True)
    )
    letters = [letter_of(entry) for entry in others if entry.entry_id not in known]
    DeadLetter.objects.bulk_create(letters)
    return [Refusal(letter.event_id, letter.reason) for letter in letters]


def letter_of(entry: Entry) -> DeadLetter:
    """The entry as a dead letter; it stands on the dead-letter stream already."""
    told, now = told_by(entry), database_now()
    event = told.get("original_event")
    original = event if isinstance(event, dict) else {}
    return DeadLetter(
        stream=entry.stream,
        entry_id=entry.entry_id,
        group=text(told, "consumer_group", "service"),
        event_id=uuid_in(told.get("event_id")) or uuid_in(original.get("event_id")),
        event_type=text(told, "event_type") or text(original, "event_type"),
        reason=clean(text(told, "error_message", "reason", longest=20_000)) or NO_REASON,
        schema_id=text(told, "schema_id"),
        error_class=BuriedElsewhere.__name__,
        trace=clean(text(told, "stack_trace", longest=20_000)),
        attempts=count_in(told.get("attempts")),
        first_seen=now,
        last_seen=now,
        raw=packed(entry.fields),
        published_at=now,
    )


def told_by(entry: Entry) -> dict[str, Any]:
    """What the entry says: the object in its field `dlq`, or its fields as text; `original_event` is read as JSON."""
    told: dict[str, Any] = {
        name.decode(errors="replace"): value.decode(errors="replace") for name, value in entry.fields.items()
    }
    inside = json_in(told.get("dlq"))
    if isinstance(inside, dict):
        told = inside
    return {**told, "original_event": json_in(told.get("original_event"))}


def json_in(value: Any) -> Any:
    """The value that a JSON text holds; what is no text comes back as it is, and what cannot be read is None."""
    if not isinstance(value, str):
        return value
    try:
        return strict_json.loads(value)
    except strict_json.InvalidJson:
        return None


def text(told: dict[str, Any], *keys: str, longest: int = LONGEST_NAME) -> str:
    """The first of these keys that holds a text, as any database stores it; empty when none does."""
    found = next((told[key] for key in keys if isinstance(told.get(key), str) and told[key].strip()), "")
    return clean(found)[:longest]


def uuid_in(value: Any) -> UUID | None:
    """The uuid that the value spells, if it does."""
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def count_in(value: Any) -> int:
    """A count of attempts between 1 and a million, whatever was sent."""
    try:
        return min(max(int(value), 1), 1_000_000)
    except (TypeError, ValueError, OverflowError):
        return 1
