"""Puts dead letters on the dead-letter stream, where other programs read them."""

from typing import Any

import orjson
from django.db import transaction

from events import streams
from events.clock import database_now
from events.models import DeadLetter
from events.prepared import Fixed
from schemas import strict_json

# Letters that are published together: their rows are locked for milliseconds only.
MOST_AT_ONCE = 500
# Asked several times a second.
UNPUBLISHED = Fixed[Any](lambda: DeadLetter.objects.filter(published_at=None).order_by().values("pk")[:1])


def publish_dead_letters() -> int:
    """Put dead letters that are not published yet on the dead-letter stream; return how many."""
    if not UNPUBLISHED.rows():
        return 0
    streams.require_reachable()
    with transaction.atomic():
        rows = list(
            DeadLetter.objects.select_for_update(skip_locked=True)
            .filter(published_at=None)
            .order_by("id")[:MOST_AT_ONCE]
        )
        if rows:
            streams.publish_dead_letters([dead_letter_fields(row) for row in rows])
            DeadLetter.objects.filter(pk__in=[row.pk for row in rows]).update(published_at=database_now())
    return len(rows)


def dead_letter_fields(letter: DeadLetter) -> dict[str, str | bytes]:
    """Return the fields of the dead letter's stream entry; fields of the buried entry have the prefix `raw:`."""
    described: dict[str, str | bytes] = {
        "dead_letter": str(letter.pk),
        "stream": letter.stream,
        "entry_id": letter.entry_id,
        "group": letter.group,
        "reason": letter.reason,
        "schema_id": letter.schema_id,
        "error_class": letter.error_class,
        "trace": letter.trace,
        "attempts": str(letter.attempts),
        "first_seen": letter.first_seen.isoformat(),
        "last_seen": letter.last_seen.isoformat(),
    }
    described["dlq"] = orjson.dumps(in_older_format(letter))
    return described | {f"raw:{k.decode(errors='replace')}": v for k, v in letter.fields.items()}


def in_older_format(letter: DeadLetter) -> dict[str, Any]:
    """Return the dead letter as one object with the keys that readers of the older contract expect."""
    texts = {name.decode(errors="replace"): value.decode(errors="replace") for name, value in letter.fields.items()}
    return {
        "timestamp": letter.last_seen.isoformat(),
        "event_id": str(letter.event_id) if letter.event_id else None,
        "event_type": letter.event_type or None,
        "reason": letter.error_class,
        "schema_id": letter.schema_id or None,
        "consumer_group": letter.group,
        "attempts": letter.attempts,
        "first_seen_at": letter.first_seen.isoformat(),
        "last_seen_at": letter.last_seen.isoformat(),
        "error_message": letter.reason,
        "stack_trace": letter.trace or None,
        "original_event": readable_event(texts.get("event", "")),
        "original_fields": {name: value for name, value in texts.items() if name != "event"},
        "service": "interlock",
    }


def readable_event(text: str) -> Any:
    """Return the parsed event if the text is strict JSON, else the text."""
    try:
        return strict_json.loads(text)
    except strict_json.InvalidJson:
        return text
