"""Takes a person's names out of the ledger, and says so in it.

A payload that named the person is replaced; its digest stays, so that the event can still be told from a forged one,
and is handled once. An event PROJECT.PERSON_ERASED in the same transaction names the events whose payload does not fit
its digest any more, with the one that it has now. So the ledger can be checked: a payload fits its digest, or that of
its newest tombstone (`discrepancies`).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from uuid import UUID

import orjson
from django.db import models

from events.erasures import opened_records
from events.models import DeadLetter, Erasure, Event, packed_fields
from events.work import UnitOfWork, unit_of_work
from privacy.sweeping import naming, pages
from privacy.words import Words
from schemas.payloads.project import ErasedEvent, ProjectPersonErased

# Dead letters that are looked at together: each is as large as its entry was.
MOST_LETTERS = 20
TOMBSTONE = "PROJECT.PERSON_ERASED"


def erased_events(words: Words, erasure: Erasure | None) -> Iterator[int]:
    """Take the person's names out of payloads, a page in a transaction; yield how many events after each.

    Without an erasure nothing is changed.
    """
    for page in pages(naming(Event, ("payload",), words)):
        changed = [event for event in page if replace_payload(event, words)]
        if changed and erasure is not None:
            with opened_records(erasure), unit_of_work(UnitOfWork) as work:
                models.QuerySet(Event).bulk_update(changed, ["payload"])
                for (project, correlation), said in by_project(changed).items():
                    tombstone: ProjectPersonErased = {"project_id": str(project), "erasure": erasure.pk, "events": said}
                    work.emit("PROJECT.PERSON_ERASED", tombstone, correlation_id=correlation)
        yield len(changed)


def replace_payload(event: Event, words: Words) -> bool:
    """Take the person's names out of the event's payload; return True if there was one."""
    before, event.payload = event.payload, words.in_document(event.payload)
    return bool(before != event.payload)


def by_project(changed: Iterable[Event]) -> dict[tuple[UUID, UUID], list[ErasedEvent]]:
    """Return {(project, its correlation): its events with their digests}."""
    found: dict[tuple[UUID, UUID], list[ErasedEvent]] = defaultdict(list)
    for event in changed:
        if event.project_id is not None:
            now = event.envelope().digest()
            said: ErasedEvent = {"event_id": str(event.event_id), "digest": event.digest, "erased_digest": now}
            found[event.project_id, event.correlation_id].append(said)
    return found


# -- dead letters ----------------------------------------------------------------------------------
def erased_letters(words: Words, erasure: Erasure | None) -> Iterator[int]:
    """Take the person's names out of the raw entries of dead letters; yield how many after each page.

    Their bytes are packed, so that every one is looked at.
    """
    for page in pages(models.QuerySet(DeadLetter), MOST_LETTERS):
        changed = [letter for letter in page if replace_raw(letter, words)]
        if changed and erasure is not None:
            with opened_records(erasure):
                models.QuerySet(DeadLetter).bulk_update(changed, ["raw", "edited"])
        yield len(changed)


def replace_raw(letter: DeadLetter, words: Words) -> bool:
    """Take the person's names out of the entry, and out of what was replayed in its place; True if there was one."""
    raw = packed_fields({name: bytes_without(value, words) for name, value in letter.fields.items()})
    edited = letter.edited and bytes_without(bytes(letter.edited), words)
    is_changed = raw != packed_fields(letter.fields) or edited != (letter.edited and bytes(letter.edited))
    letter.raw, letter.edited = raw, edited
    return is_changed


def bytes_without(value: bytes, words: Words) -> bytes:
    """Return the bytes without the person's names: of a JSON document by its keys, of anything else as a text."""
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        return words.in_text(value.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    without = words.in_document(document)
    return value if without == document else orjson.dumps(without)


# -- checking --------------------------------------------------------------------------------------
def discrepancies() -> Iterator[tuple[int, list[str]]]:
    """Yield for each page of the ledger (events looked at, ids of those that do not fit their digest without a reason).

    A payload fits its digest, or the one that the newest PROJECT.PERSON_ERASED says of it.
    """
    for page in pages(models.QuerySet(Event)):
        digests = {event: event.envelope().digest() for event in page}
        unfit = [event for event, digest in digests.items() if digest != event.digest]
        known = tombstones({event.project_id for event in unfit})
        yield len(page), [str(e.event_id) for e in unfit if known.get((str(e.event_id), e.digest)) != digests[e]]


def tombstones(projects: set[UUID | None]) -> dict[tuple[str, str], str]:
    """Return {(event id, digest): the digest of the payload now} of the events of these projects that were erased."""
    if not projects:
        return {}
    said = Event.objects.filter(type=TOMBSTONE, project_id__in=projects, service="interlock")
    payloads = said.order_by("seq").values_list("payload", flat=True)
    return {(one["event_id"], one["digest"]): one["erased_digest"] for payload in payloads for one in payload["events"]}
