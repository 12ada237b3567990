"""Dead letters: buries entries that cannot be handled; staff replay or discard them. Also counts failed attempts."""

import logging
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.dispatch import Signal
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from events import older, streams
from events.clock import database_now
from events.envelope import Envelope, from_wire
from events.errors import EventError, PermanentError, TooManyAttempts
from events.models import Attempt, DeadLetter, packed_fields
from events.seal import ARRIVED, seal_of, with_arrival
from events.signatures import KID, SIGNATURE
from events.streams import Entry
from schemas import strict_json
from schemas.registry import registry

logger = logging.getLogger(__name__)

LONGEST_RETRY_SECONDS = 60
# Dead letters that one statement writes: each contains its entry, which may have a mebibyte.
MOST_AT_ONCE = 50
# Dead letters of one burial that get a line of their own in the log.
MOST_LOGGED = 10
# Payload keys that a correction may not change, and events that are a person's own statement and may not be edited.
ID_KEYS = ("project_id", "backlog_item_id", "question_id")
KEPT_KEYS = (*ID_KEYS, "requester", "submitted_by", "answered_by")
PERSONAL_EVENTS = ("USER.ANSWER_SUBMITTED", "HUMAN.APPROVAL_SUBMITTED")
# Signal: an edited event is replayed. Arguments: `event` (Envelope) and `by`, the name of the account that edited it;
# sent in the transaction of the replay.
event_corrected = Signal()


# Return the organisations of dead letters from the payloads of their events; `backlog` adds it. Without it all belong
# to the first organisation.
ORGANISATIONS_OF: list[Callable[[Sequence[dict[str, Any]]], list[int]]] = []


class NotReplayable(PermanentError):
    """The entry was reported by a worker outside of Interlock: putting it on its stream again would help nobody."""


class OtherSender(PermanentError):
    """An edited event may not claim another sender, or another subject, than the original entry."""


class AlreadySettled(EventError):
    """The dead letter was replayed or discarded before; the message says by whom and when."""


def bury(entry: Entry, group: str, error: BaseException) -> None:
    """Keep the entry as a dead letter with the error as its reason; a second burial changes nothing."""
    bury_all([(entry, error)], group)


def bury_all(hopeless: Sequence[tuple[Entry, BaseException]], group: str) -> None:
    """Keep these entries of one stream as dead letters; a fixed number of statements for each MOST_AT_ONCE entries."""
    if not hopeless:
        return
    now, ids = database_now(), [entry.entry_id for entry, _ in hopeless]
    failed_before = Attempt.objects.filter(stream=hopeless[0][0].stream, group=group, entry_id__in=ids)
    attempts = {attempt.entry_id: attempt for attempt in failed_before}
    letters = [letter_of(entry, group, error, attempts.get(entry.entry_id), now) for entry, error in hopeless]
    set_organisations(letters, [payload_of(entry) for entry, _ in hopeless])
    with transaction.atomic():
        DeadLetter.objects.bulk_create(letters, ignore_conflicts=True, batch_size=MOST_AT_ONCE)
        if attempts:
            failed_before.delete()
    for letter in letters[:MOST_LOGGED]:
        # The reason quotes what somebody sent: it is kept with the dead letter, and in no log.
        words = (letter.stream, letter.entry_id, letter.error_class)
        logger.warning(
            "Buried %s %s: %s", *words, extra={"event": letter.event_id, "group": group, "outcome": "buried"}
        )
    if len(letters) > MOST_LOGGED:
        logger.warning("Buried %s more entries of %s", len(letters) - MOST_LOGGED, letters[0].stream)


def letter_of(entry: Entry, group: str, error: BaseException, attempt: Attempt | None, now: datetime) -> DeadLetter:
    """Return an unsaved dead letter for the entry, with the error and the number of attempts."""
    event_id, event_type = event_identity(entry)
    return DeadLetter(
        stream=entry.stream,
        entry_id=entry.entry_id,
        group=group,
        event_id=event_id,
        event_type=event_type,
        reason=storable_text(str(error)) or type(error).__name__,
        schema_id=getattr(error, "schema_id", ""),
        error_class=type(error).__name__,
        trace=storable_text("".join(traceback.format_exception(error))),
        attempts=max(attempt.attempts if attempt else 1, entry.deliveries if is_killer(error) else 1),
        first_seen=attempt.first_seen if attempt else now,
        last_seen=now,
        raw=packed_fields(entry.fields),
    )


def set_organisations(letters: Sequence[DeadLetter], payloads: Sequence[dict[str, Any]]) -> None:
    """Set the organisation of each unsaved letter, from the payload of its event; a fixed number of queries."""
    for organisations_of in ORGANISATIONS_OF:
        for letter, organisation in zip(letters, organisations_of(payloads), strict=True):
            letter.organisation_id = organisation


def payload_of(entry: Entry) -> dict[str, Any]:
    """Return the payload of the entry's event; if it cannot be read, the project that is named beside it."""
    readable = readable_payload(entry.fields.get(b"event", b""))
    return readable[1] if readable else {"project_id": entry.fields.get(b"project", b"").decode(errors="replace")}


def is_killer(error: BaseException) -> bool:
    """Return True if the entry ended its consumers: then the broker's counter of deliveries gives the attempts."""
    return isinstance(error, TooManyAttempts)


def event_identity(entry: Entry) -> tuple[str | None, str]:
    """Return the event id (None if unreadable) and the event type of an entry."""
    try:
        document = strict_json.loads(entry.fields.get(b"event", b""))
        return str(UUID(document["event_id"])), storable_text(str(document["event_type"]))[:200]
    except (strict_json.InvalidJson, KeyError, TypeError, ValueError, AttributeError):
        return None, storable_text(entry.fields.get(b"type", b"").decode(errors="replace"))[:200]


def storable_text(text: str) -> str:
    """Return the text as any database stores it: no NUL, no lone surrogate, 20,000 characters at most."""
    return text.encode(errors="replace").decode().replace("\x00", "\\0")[:20_000]


def record_attempt(entry: Entry, group: str, error: BaseException) -> int:
    """Count a failed attempt and postpone the next one, twice as long each time; return the attempts so far."""
    now = database_now()
    attempt, _made = Attempt.objects.get_or_create(
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
        error=storable_text(f"{type(error).__name__}: {error}"),
    )
    return attempt.attempts + 1


def entries_not_due(stream: str, group: str, entry_ids: list[str]) -> set[str]:
    """Return the ids of those entries whose next attempt is in the future."""
    waiting = Attempt.objects.filter(
        stream=stream, group=group, entry_id__in=entry_ids, next_attempt_at__gt=database_now()
    )
    return set(waiting.values_list("entry_id", flat=True))


def forget_attempts(stream: str, group: str, entry_ids: list[str]) -> None:
    """Delete the attempts counted for these entries, since they are settled."""
    Attempt.objects.filter(stream=stream, group=group, entry_id__in=entry_ids).delete()


def replay(letter: DeadLetter, *, by: str, event: bytes | None = None) -> str:
    """Put the entry on its stream again, once, and return the new entry's id. The raw entry is kept unchanged.

    With `event` (JSON bytes), the new entry has this event in place of the original one. Raises AlreadySettled,
    NotReplayable for an entry that a worker outside of Interlock reported, OtherSender, and InvalidEvent or
    UnknownEventType if the contracts refuse `event`.
    """
    if letter.stream == settings.DLQ_STREAM:
        raise NotReplayable(
            _("A worker outside of Interlock reported this failure: retry the item, then discard this.")
        )
    fields, note = as_it_came(letter), f"Replayed by {by}"
    if event is not None:
        fields, note = with_event(fields, event), f"Replayed by {by}, edited"
    with transaction.atomic():
        settle(letter, DeadLetter.State.REPLAYED, by=by, note=note, edited=event)
        if event is not None:
            event_corrected.send(DeadLetter, event=from_wire(event), by=by)
        return streams.replay(letter.stream, fields)


def with_event(fields: dict[bytes, bytes], event: bytes) -> dict[bytes, bytes]:
    """Return the fields with another event, and with its type and project beside it. Raises PermanentError.

    The event is ours from now on, since whoever corrects it answers for it: it carries our seal and no signature. An
    event that only Interlock emits gets no seal, so that it is looked up in the ledger like any other of its type.
    """
    envelope = from_wire(event)
    require_same_speaker(fields.get(b"event", b""), envelope)
    kept = {name: value for name, value in fields.items() if name not in (KID, SIGNATURE, ARRIVED)}
    copied_fields = {b"type": envelope.event_type.encode(), b"project": str(envelope.project_id or "").encode()}
    if registry().direction(envelope.event_type, envelope.event_version) == "out":
        return {**kept, b"event": event, **copied_fields}
    wire = envelope.to_wire()
    return {**kept, b"event": wire, SIGNATURE: seal_of(wire).encode(), **copied_fields}


def as_it_came(letter: DeadLetter) -> dict[bytes, bytes]:
    """Return the fields of the letter's entry; a signed one is held to the age that it had when it first came."""
    fields = letter.fields
    return with_arrival(fields, letter.entry_id) if KID in fields else fields


def require_same_speaker(raw: bytes, edited: Envelope) -> None:
    """Raise OtherSender if the edited event claims another sender or subject than the original event.

    A correction may change how something was said, not by whom. Answers and approvals are personal: nobody edits them.
    """
    if edited.event_type in PERSONAL_EVENTS:
        raise OtherSender(_("An answer or an approval cannot be edited by others: replay it as it is, or discard it."))
    original_event = readable_payload(raw)
    if original_event is None:
        if edited.payload.get("requester"):
            raise OtherSender(_("The original entry does not show who the requester is: leave `requester` out."))
        return
    kind, payload = original_event
    if kind != edited.event_type:
        raise OtherSender(_("A correction may not change the event's type: it has to be %(kind)s.") % {"kind": kind})
    for key in KEPT_KEYS:
        is_kept = payload.get(key) == edited.payload.get(key) or (key in ID_KEYS and key not in payload)
        if not is_kept:
            raise OtherSender(
                _("A correction may not change `%(key)s`: write there what the original entry has.") % {"key": key}
            )


def readable_payload(raw: bytes) -> tuple[str, dict[str, Any]] | None:
    """Return the type and the payload of an event, older spellings translated; None if it cannot be read."""
    try:
        document = older.in_current_spelling(strict_json.loads(raw))
        kind, payload = document["event_type"], document["payload"]
    except (strict_json.InvalidJson, KeyError, TypeError):
        return None
    return (kind, payload) if isinstance(kind, str) and isinstance(payload, dict) else None


def discard(letter: DeadLetter, *, by: str, why: str) -> None:
    """Close the dead letter without replaying it, with a reason. Raises AlreadySettled."""
    settle(letter, DeadLetter.State.DISCARDED, by=by, note=f"Discarded by {by}: {why}")


def settle(letter: DeadLetter, state: DeadLetter.State, *, by: str, note: str, edited: bytes | None = None) -> None:
    """Change an open dead letter to the given state, in one conditional statement.

    Of two people who do this at the same time one succeeds; the other gets AlreadySettled.
    """
    now = database_now()
    changed = DeadLetter.objects.filter(pk=letter.pk, state=DeadLetter.State.OPEN).update(
        state=state, settled_at=now, settled_by=by[:200], note=note, edited=edited
    )
    if not changed:
        raise AlreadySettled(settled_in_words(letter.pk))
    letter.state, letter.settled_at, letter.settled_by, letter.note, letter.edited = state, now, by, note, edited


def settled_in_words(pk: int) -> str:
    """Return the message that says who settled the dead letter, how and when."""
    letter = DeadLetter.objects.only("state", "settled_at", "settled_by", "note").filter(pk=pk).first()
    if letter is None or letter.settled_at is None:
        return _("Dead letter %(id)s was settled before.") % {"id": pk}
    when = date_format(timezone.localtime(letter.settled_at), "DATETIME_FORMAT")
    values = {"id": pk, "state": letter.get_state_display(), "by": letter.settled_by, "note": letter.note, "when": when}
    if not letter.settled_by:
        return _("Dead letter %(id)s was settled before: %(note)s, %(when)s.") % values
    return _("Dead letter %(id)s was settled before: %(state)s by %(by)s, %(when)s.") % values
