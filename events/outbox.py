"""Publishes the ledger's events to the streams: by the process that committed them, or by the relay after a crash."""

import logging
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.conf import settings
from django.db import transaction

from events import abandoned, ledger, streams
from events.clock import database_now
from events.faults import InjectedFault, fault_point
from events.models import DeadLetter, Event
from events.outage import outage
from schemas import strict_json

logger = logging.getLogger(__name__)

# Rows that `publish_unpublished` publishes at once: enough for a few thousand a second, locked for milliseconds only.
PUBLISHED_AT_ONCE = 500
# Longest wait between two publications of an unanswered command.
LONGEST_BACKOFF_SECONDS = 300


def publish_now(events: Sequence[Event]) -> None:
    """Publish events that this process has just committed; events that cannot be published are left to the relay.

    Nothing is raised, since the commit counts whether it is published or not. After an outage nothing is tried for a
    while, so that of many callers only one waits for the broker's time-out.
    """
    if not events or outage.is_current():
        return
    try:
        entries = put_on_streams(events)
        fault_point("publish.after_xadd")
        ledger.mark_published(entries, now=database_now())
        fault_point("publish.after_mark")
    except streams.BROKER_ERRORS as error:
        outage.note_outage()
        logger.warning("%s events wait for the relay: %s", len(events), error)
    except InjectedFault:
        raise
    except Exception:
        logger.exception("%s events wait for the relay", len(events))


def put_on_streams(events: Sequence[Event]) -> list[tuple[int, str, str]]:
    """Put every event on the log, and a dispatch also on its agent's stream.

    Return (seq, log entry id, work entry id).
    """
    return [(e.seq, *ids) for e, ids in zip(events, streams.publish([e.envelope() for e in events]), strict=True)]


def publish_unpublished() -> int:
    """Publish events that their process did not publish, because it died or had no broker; return how many."""
    if not Event.objects.filter(published_at=None).exists():
        return 0
    streams.require_reachable()
    with transaction.atomic():
        now = database_now()
        unpublished = unpublished_before(now - timedelta(seconds=settings.RELAY_GRACE_SECONDS))
        if not unpublished:
            return 0
        entries = put_on_streams(unpublished)
        fault_point("relay.after_xadd")
        ledger.mark_published(entries, now=now)
        fault_point("relay.before_commit")
    fault_point("relay.after_commit")
    return len(unpublished)


def unpublished_before(moment: datetime) -> list[Event]:
    """Lock and return unpublished rows recorded before the moment; rows locked by another relay are skipped."""
    rows = Event.objects.select_for_update(skip_locked=True).filter(published_at=None, recorded_at__lt=moment)
    return list(rows.order_by("seq")[:PUBLISHED_AT_ONCE])


def republish_unanswered() -> int:
    """Publish commands again whose answer is overdue and whose last entry the broker has lost; return how many."""
    if not Event.objects.filter(next_publish_at__lt=database_now(), published_at__isnull=False).exists():
        return 0
    streams.require_reachable()
    with transaction.atomic():
        now = database_now()
        overdue = list(
            Event.objects.select_for_update(skip_locked=True)
            .filter(next_publish_at__lt=now, published_at__isnull=False)
            .order_by("next_publish_at")[:PUBLISHED_AT_ONCE]
        )
        are_held = streams.are_still_held([(e.payload["agent_target"], e.work_id) for e in overdue])
        lost = [e for e, is_held in zip(overdue, are_held, strict=True) if not is_held]
        ledger.mark_published(put_on_streams(lost), now=now)
        postpone_republishing(overdue, now=now)
    return len(lost)


def postpone_republishing(overdue: Sequence[Event], *, now: datetime) -> None:
    """Set the time of the next check of these commands: a wait that doubles with each publication, with jitter."""
    for publishes in {e.publishes for e in overdue}:
        seconds = min(settings.REPUBLISH_SECONDS * 2**publishes, LONGEST_BACKOFF_SECONDS)
        wait = timedelta(seconds=seconds * random.uniform(0.8, 1.2))
        seqs = [e.seq for e in overdue if e.publishes == publishes]
        Event.objects.filter(seq__in=seqs, next_publish_at__isnull=False).update(next_publish_at=now + wait)


def publish_dead_letters() -> int:
    """Put dead letters that are not published yet on the dead-letter stream; return how many."""
    if not DeadLetter.objects.filter(published_at=None).exists():
        return 0
    streams.require_reachable()
    with transaction.atomic():
        rows = list(
            DeadLetter.objects.select_for_update(skip_locked=True)
            .filter(published_at=None)
            .order_by("id")[:PUBLISHED_AT_ONCE]
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


def trim_streams() -> dict[str, int]:
    """Delete entries that every group has settled and no open command needs; return {stream: entries deleted}.

    A dead letter is in the database by then: ours before it is published, those of other programs once they are
    settled.

    The bounds are read first, the open commands afterwards: entries that are published in between lie behind the
    bounds.
    """
    settled = {name: streams.settled_up_to(name) for name in [*streams.own_streams(), settings.DLQ_STREAM]}
    abandoned.warn_about_abandoned(settled)
    commands = Event.objects.filter(next_publish_at__isnull=False)
    if commands.filter(published_at=None).exists():
        return {}
    needed: dict[str, list[str]] = {}
    for agent, stream_id, work_id in commands.values_list("payload__agent_target", "stream_id", "work_id"):
        # A command without an entry was committed after the bounds were read; its entry will lie behind them.
        if stream_id and work_id:
            needed.setdefault(settings.STREAM_NAME, []).append(stream_id)
            needed.setdefault(streams.work_stream(agent), []).append(work_id)
    return {name: drop_settled(name, bound, needed.get(name, [])) for name, bound in settled.items()}


def drop_settled(stream: str, bound: str | None, needed: list[str]) -> int:
    """Delete the entries before the bound and before every needed entry; return how many."""
    return 0 if bound is None else streams.drop_before(stream, min([bound, *needed], key=streams.position))
