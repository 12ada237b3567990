"""Burying what cannot be handled, and what staff can do with it: replay or discard."""

import logging
import traceback
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from events import streams
from events.clock import database_now
from events.errors import EventError, TooManyAttempts
from events.models import Attempt, DeadLetter, packed
from events.streams import Entry
from schemas import strict_json

logger = logging.getLogger(__name__)

LONGEST_RETRY_SECONDS = 60


class AlreadySettled(EventError):
    """The dead letter was replayed or discarded before."""


def bury(entry: Entry, group: str, error: BaseException) -> None:
    """Keep the entry as a dead letter; whoever met it first has the word, a second burial changes nothing."""
    now = database_now()
    attempt = Attempt.objects.filter(stream=entry.stream, entry_id=entry.entry_id, group=group).first()
    event_id, event_type = identity(entry)
    letter = DeadLetter(
        stream=entry.stream,
        entry_id=entry.entry_id,
        group=group,
        event_id=event_id,
        event_type=event_type,
        reason=clean(str(error)) or type(error).__name__,
        schema_id=getattr(error, "schema_id", ""),
        error_class=type(error).__name__,
        trace=clean("".join(traceback.format_exception(error))),
        attempts=max(attempt.attempts if attempt else 1, entry.deliveries if is_killer(error) else 1),
        first_seen=attempt.first_seen if attempt else now,
        last_seen=now,
        raw=packed(entry.fields),
    )
    with transaction.atomic():
        DeadLetter.objects.bulk_create([letter], ignore_conflicts=True)
        if attempt:
            attempt.delete()
    logger.warning("Buried %s %s: %s", entry.stream, entry.entry_id, letter.reason[:300])


def is_killer(error: BaseException) -> bool:
    """Only for an entry that killed its consumers is the broker's own counter the number of attempts."""
    return isinstance(error, TooManyAttempts)


def identity(entry: Entry) -> tuple[str | None, str]:
    """The event id and type of an entry, as far as they can be read."""
    try:
        document = strict_json.loads(entry.fields.get(b"event", b""))
        return str(UUID(document["event_id"])), clean(str(document["event_type"]))[:200]
    except (strict_json.InvalidJson, KeyError, TypeError, ValueError, AttributeError):
        return None, clean(entry.fields.get(b"type", b"").decode(errors="replace"))[:200]


def clean(text: str) -> str:
    """Text any database stores: no NUL, no lone surrogate, of bounded length."""
    return text.encode(errors="replace").decode().replace("\x00", "\\0")[:20_000]


def record_attempt(entry: Entry, group: str, error: BaseException) -> int:
    """Count a failed attempt and put off the next one, twice as long each time; attempts so far."""
    now = database_now()
    attempt, _ = Attempt.objects.get_or_create(
        stream=entry.stream,
        entry_id=entry.entry_id,
        group=group,
        defaults={"first_seen": now, "last_seen": now, "next_attempt_at": now},
    )
    wait = min(settings.RETRY_DELAY_SECONDS * 2**attempt.attempts, LONGEST_RETRY_SECONDS)
    Attempt.objects.filter(pk=attempt.pk).update(
        attempts=F("attempts") + 1,
        last_seen=now,
        next_attempt_at=now + timedelta(seconds=wait),
        error=clean(f"{type(error).__name__}: {error}"),
    )
    return attempt.attempts + 1


def not_due(stream: str, group: str, entry_ids: list[str]) -> set[str]:
    """Of these entries, those whose next attempt lies ahead."""
    waiting = Attempt.objects.filter(
        stream=stream, group=group, entry_id__in=entry_ids, next_attempt_at__gt=database_now()
    )
    return set(waiting.values_list("entry_id", flat=True))


def forget_attempts(stream: str, group: str, entry_ids: list[str]) -> None:
    """The entries are settled."""
    Attempt.objects.filter(stream=stream, group=group, entry_id__in=entry_ids).delete()


def replay(letter: DeadLetter, *, by: str) -> str:
    """Put the entry on its stream again, once; the new entry's id. Raises AlreadySettled."""
    with transaction.atomic():
        settle(letter, DeadLetter.State.REPLAYED, note=f"Replayed by {by}")
        return streams.replay(letter.stream, letter.fields)


def discard(letter: DeadLetter, *, by: str, why: str) -> None:
    """Close the dead letter for good. Raises AlreadySettled."""
    settle(letter, DeadLetter.State.DISCARDED, note=f"Discarded by {by}: {why}")


def settle(letter: DeadLetter, state: DeadLetter.State, *, note: str) -> None:
    """Move an open dead letter on, in one conditional statement: of two people one wins."""
    changed = DeadLetter.objects.filter(pk=letter.pk, state=DeadLetter.State.OPEN).update(
        state=state, settled_at=database_now(), note=note
    )
    if not changed:
        raise AlreadySettled(
            f"Dead letter {letter.pk} was settled before; see `manage.py deadletters show {letter.pk}`."
        )
    letter.state, letter.note = state, note
