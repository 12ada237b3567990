"""Dead letters of other programs: what workers outside of Interlock put on the dead-letter stream is read and kept.

Our own dead letters are on the same stream and have the field `dead_letter`. Those of others have the field `dlq`, a
JSON object, or its keys as plain fields. Every readable part is shown; no content can stop the reading.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings

from events.clock import database_now
from events.deadletters import set_organisations, storable_text
from events.errors import BuriedElsewhere
from events.models import DeadLetter, packed_fields
from events.streams import Entry
from schemas import strict_json

LONGEST_NAME = 200
NO_REASON = "The worker gave no reason."


@dataclass(frozen=True, slots=True)
class Refusal:
    """A dispatch that its worker could not handle: the event's id (None if unreadable) and the reason."""

    event_id: UUID | None
    reason: str


def save_foreign_letters(entries: Sequence[Entry]) -> list[Refusal]:
    """Save dead letters of other programs, each entry once, and return the dispatches they refuse.

    These entries have no signature: where UNSIGNED_EVENTS refuses all such, they are kept and refuse nothing. Runs in a
    transaction.
    """
    others = [entry for entry in entries if b"dead_letter" not in entry.fields]
    known = set(
        DeadLetter.objects.filter(
            stream=settings.DLQ_STREAM, entry_id__in=[entry.entry_id for entry in others]
        ).values_list("entry_id", flat=True)
    )
    new = [entry for entry in others if entry.entry_id not in known]
    letters = [letter_of(entry) for entry in new]
    set_organisations(letters, [payload_of(entry) for entry in new])
    DeadLetter.objects.bulk_create(letters)
    if settings.UNSIGNED_EVENTS == "refuse":
        return []
    return [Refusal(letter.event_id, letter.reason) for letter in letters]


def letter_of(entry: Entry) -> DeadLetter:
    """Return an unsaved dead letter for the entry.

    It counts as published, since it is on the dead-letter stream already.
    """
    content, now = content_of(entry), database_now()
    event = content.get("original_event")
    original = event if isinstance(event, dict) else {}
    return DeadLetter(
        stream=entry.stream,
        entry_id=entry.entry_id,
        group=first_text(content, "consumer_group", "service"),
        event_id=uuid_in(content.get("event_id")) or uuid_in(original.get("event_id")),
        event_type=first_text(content, "event_type") or first_text(original, "event_type"),
        reason=storable_text(first_text(content, "error_message", "reason", longest=20_000)) or NO_REASON,
        schema_id=first_text(content, "schema_id"),
        error_class=BuriedElsewhere.__name__,
        trace=storable_text(first_text(content, "stack_trace", longest=20_000)),
        attempts=count_in(content.get("attempts")),
        first_seen=now,
        last_seen=now,
        raw=packed_fields(entry.fields),
        published_at=now,
    )


def payload_of(entry: Entry) -> dict[str, Any]:
    """Return the payload of the event that the entry is about, as far as it can be read."""
    event = content_of(entry).get("original_event")
    payload = event.get("payload") if isinstance(event, dict) else None
    return payload if isinstance(payload, dict) else {}


def content_of(entry: Entry) -> dict[str, Any]:
    """Return the entry's content: the object in its field `dlq`, or its fields as text; `original_event` is parsed."""
    content: dict[str, Any] = {
        name.decode(errors="replace"): value.decode(errors="replace") for name, value in entry.fields.items()
    }
    nested = json_in(content.get("dlq"))
    if isinstance(nested, dict):
        content = nested
    return {**content, "original_event": json_in(content.get("original_event"))}


def json_in(value: Any) -> Any:
    """Return the value of a JSON text, None if it cannot be read; any other value is returned unchanged."""
    if not isinstance(value, str):
        return value
    try:
        return strict_json.loads(value)
    except strict_json.InvalidJson:
        return None


def first_text(content: dict[str, Any], *keys: str, longest: int = LONGEST_NAME) -> str:
    """Return the first text among these keys, cleaned for the database and cut to `longest`; empty if there is none."""
    value = next((content[key] for key in keys if isinstance(content.get(key), str) and content[key].strip()), "")
    return storable_text(value)[:longest]


def uuid_in(value: Any) -> UUID | None:
    """Return the value as a UUID; None if it is not one."""
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def count_in(value: Any) -> int:
    """Return the value as a count from 1 to 1,000,000; 1 if it is not a number."""
    try:
        return min(max(int(value), 1), 1_000_000)
    except (TypeError, ValueError, OverflowError):
        return 1
