"""The ledger: one row for each event that came in or goes out, claimed once, published until the broker has it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from events.envelope import Envelope, Source, require_valid_payload
from events.errors import ConflictingEvent, ContractBroken, InvalidEvent, PermanentError
from events.models import Event
from schemas import strict_json

# Most bytes of an event that Interlock emits: below the 1 MiB that is read, since a dead letter adds to it.
MOST_WIRE_BYTES = strict_json.MAX_BYTES - 64 * 1024
CLAIM = """
INSERT INTO {table} ({columns}) VALUES {rows}
ON CONFLICT (event_id) DO UPDATE SET handled_at = excluded.handled_at, stream_id = excluded.stream_id
WHERE {table}.handled_at IS NULL AND {table}.digest = excluded.digest
RETURNING event_id
"""


def own_source() -> Source:
    """Return the source of every event that this process emits."""
    return Source("interlock", settings.SERVICE_INSTANCE)


def unsaved_row(envelope: Envelope, *, now: datetime, **marks: Any) -> Event:
    """Return an unsaved ledger row for the envelope; `marks` are further columns."""
    return Event(
        event_id=envelope.event_id,
        type=envelope.event_type,
        version=envelope.event_version,
        timestamp=envelope.timestamp,
        service=envelope.source.service,
        instance=envelope.source.instance,
        correlation_id=envelope.correlation_id,
        causation_id=envelope.causation_id,
        project_id=envelope.project_id,
        payload=envelope.payload,
        digest=envelope.digest(),
        recorded_at=now,
        **marks,
    )


def claim(arrived: Sequence[tuple[str, Envelope]], *, now: datetime) -> tuple[set[str], dict[str, ConflictingEvent]]:
    """Claim events that arrived as (stream entry id, envelope) pairs, in one statement.

    Returns (entry ids to apply in this transaction, {entry id: error} of events that reuse the id of a different
    event). An entry in neither was handled before.
    """
    first: dict[UUID, tuple[str, Envelope]] = {}
    for entry_id, envelope in arrived:
        first.setdefault(envelope.event_id, (entry_id, envelope))
    rows = {
        entry_id: unsaved_row(e, now=now, handled_at=now, published_at=now, stream_id=entry_id)
        for entry_id, e in first.values()
    }
    inserted = insert_unclaimed(list(rows.values()))
    claimed = {entry_id for entry_id, event in rows.items() if event.event_id in inserted}
    repeated = [(entry_id, e) for entry_id, e in arrived if entry_id not in claimed]
    return claimed, conflict_errors(repeated)


def insert_unclaimed(rows: list[Event]) -> set[UUID]:
    """Insert the rows, or claim rows that exist and are not handled yet; return the event ids that are now claimed."""
    if not rows:
        return set()
    fields = [f for f in Event._meta.concrete_fields if not f.primary_key]
    marks = "(" + ", ".join(["%s"] * len(fields)) + ")"
    sql = CLAIM.format(
        table=Event._meta.db_table,
        columns=", ".join(str(f.column) for f in fields),
        rows=", ".join([marks] * len(rows)),
    )
    values = [f.get_db_prep_save(getattr(r, f.attname), connection) for r in rows for f in fields]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return {UUID(str(event_id)) for (event_id,) in cursor.fetchall()}


def conflict_errors(repeated: Sequence[tuple[str, Envelope]]) -> dict[str, ConflictingEvent]:
    """Return {entry id: error} of those events whose id the ledger has with different content."""
    if not repeated:
        return {}
    known = dict(Event.objects.filter(event_id__in={e.event_id for _, e in repeated}).values_list("event_id", "digest"))
    return {
        entry_id: ConflictingEvent(
            f"Event id {e.event_id} was used before for an event with different content: send this one under a new id."
        )
        for entry_id, e in repeated
        if known.get(e.event_id) not in (None, e.digest())
    }


def forgery_errors(envelopes: Sequence[tuple[str, Envelope]]) -> dict[str, InvalidEvent]:
    """Return {entry id: error} of events of types that only Interlock emits and that it never emitted like this."""
    if not envelopes:
        return {}
    ids = {e.event_id for _, e in envelopes}
    known = dict(Event.objects.filter(event_id__in=ids).values_list("event_id", "digest"))
    return {
        entry_id: InvalidEvent(f"Only Interlock emits {e.event_type}, and its ledger has no such event {e.event_id}.")
        for entry_id, e in envelopes
        if known.get(e.event_id) != e.digest()
    }


def handled_entries(entry_ids: set[str]) -> set[str]:
    """Return the ids of those stream entries whose event has had its effect."""
    handled = Event.objects.filter(handled_at__isnull=False, stream_id__in=entry_ids)
    return set(handled.values_list("stream_id", flat=True))


def row_to_emit(envelope: Envelope, *, now: datetime, **marks: Any) -> Event:
    """Return an unsaved ledger row for an event that Interlock emits: handled already, still to be published.

    Raises ContractBroken if the event breaks its contract or is larger than MOST_WIRE_BYTES.
    """
    try:
        require_valid_payload(envelope)
        wire_bytes = len(envelope.to_wire())
        if wire_bytes > MOST_WIRE_BYTES:
            raise ContractBroken(f"{envelope.event_type} would be larger than {MOST_WIRE_BYTES} bytes.")
    except (PermanentError, strict_json.InvalidJson) as error:
        raise ContractBroken(str(error)) from error
    event = unsaved_row(envelope, now=now, handled_at=now, **marks)
    event.wire_bytes = wire_bytes
    return event


def mark_published(entries: Iterable[tuple[int, str, str]], *, now: datetime) -> None:
    """Note for each (seq, log entry id, work entry id) that the event was published once more; one statement."""
    rows = list(entries)
    if not rows:
        return
    table = Event._meta.db_table
    field = Event._meta.get_field("published_at")
    sql = (
        f"UPDATE {table} SET published_at = %s, publishes = publishes + 1,"
        " stream_id = v.column2, work_id = v.column3"
        f" FROM (VALUES {', '.join(['(%s, %s, %s)'] * len(rows))}) AS v WHERE {table}.seq = v.column1"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [field.get_db_prep_save(now, connection), *(part for entry in rows for part in entry)])


def close_commands(event_ids: Iterable[UUID]) -> None:
    """Mark commands as answered or superseded: they are not published again."""
    if ids := list(event_ids):
        Event.objects.filter(event_id__in=ids, next_publish_at__isnull=False).update(next_publish_at=None)


def unwanted_commands(answers: Mapping[UUID, Sequence[UUID]]) -> tuple[set[UUID], set[UUID]]:
    """Return (commands that are over, commands that are not in the ledger), for {command: ids of its last answers}.

    A command is over when it was superseded, or when one of its last answers was handled. One query.
    """
    if not answers:
        return set(), set()
    asked = {*answers, *(event_id for ids in answers.values() for event_id in ids)}
    handled = Event.objects.filter(event_id__in=asked, handled_at__isnull=False)
    outcomes = dict(handled.values_list("event_id", "outcome"))
    over = {c for c, ids in answers.items() if outcomes.get(c) or outcomes.keys() & set(ids)}
    return over, set(answers) - set(outcomes)


def note_outcomes(outcomes: dict[UUID, str]) -> None:
    """Record why events had no effect; one statement for each outcome."""
    for outcome in set(outcomes.values()):
        ids = [event_id for event_id, its_outcome in outcomes.items() if its_outcome == outcome]
        Event.objects.filter(event_id__in=ids).update(outcome=outcome)
