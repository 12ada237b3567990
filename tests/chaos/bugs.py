"""Seeded bugs: each takes one rule away inside the processes of a run, and a run that is made for it has to end red."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

# What counts as old where a bug goes by time: a queue and a lock last longer than this on a fast machine too.
AGE = timedelta(seconds=0.3)


@dataclass(frozen=True)
class Bug:
    """A rule taken away: what it does, how it is seeded, and which faults and load bring it to light."""

    words: str
    seed: Callable[[], None]
    kinds: tuple[str, ...]
    targets: tuple[str, ...] = ()
    sorts: tuple[str, ...] = ("plain", "question", "approval")


def without_claim() -> None:
    """Every delivery of an event counts as its first one."""
    from events import bulk, ledger
    from events.models import Event

    def claim_all(
        arrived: Sequence[tuple[str, Any]], *, now: Any, partition: str = "", reads: Any = ledger.no_reads
    ) -> tuple[set[str], dict[str, Any]]:
        places = {entry_id: ledger.place_of(entry_id, partition) for entry_id, _ in arrived}
        rows = {e.event_id: ledger.record_of(e, now=now, stream_id=places[entry_id]) for entry_id, e in arrived}
        bulk.insert_new(Event, list(rows.values()), unique="event_id", then=list)
        reads()
        return {entry_id for entry_id, _ in arrived}, {}

    ledger.claim = claim_all


def ack_before_commit() -> None:
    """A batch is settled when it is read, before its transaction."""
    from events import streams
    from events.bridge import StreamServer

    process = StreamServer.process

    async def settle_first(self: StreamServer, entries: Sequence[Any]) -> None:
        if entries:
            await self.in_thread(streams.ack, self.stream, self.group, [e.entry_id for e in entries])
        await process(self, entries)

    StreamServer.process = settle_first  # type: ignore[method-assign]


def publish_before_commit() -> None:
    """Events are published inside the transaction that emits them."""
    from events import outbox, streams
    from events.work import UnitOfWork

    write = UnitOfWork.write

    def write_and_publish(self: UnitOfWork) -> None:
        write(self)
        streams.publish([event.outgoing() for event in self.emitted])

    def forget_row(events: Any, row: int | None, *, deleted: Sequence[int] = ()) -> None:
        outbox.published.rows = [pk for pk in outbox.published.rows if pk not in deleted] + ([row] if row else [])
        if not outbox.published.defers:
            outbox.delete_published()

    UnitOfWork.write = write_and_publish  # type: ignore[method-assign]
    outbox.publish_committed = forget_row


def relay_by_age() -> None:
    """The relay publishes every row that is older than AGE, whoever owns it."""
    from events.clock import database_now
    from events.models import Outbox
    from events.outbox import Inheritance

    def publish_old(self: Inheritance) -> int:
        before = database_now() - AGE
        rows = list(Outbox.objects.filter(written_at__lt=before).order_by("pk").values_list("pk", "owner"))
        return sum(self.publish_row(pk, owner) for pk, owner in rows)

    Inheritance.publish_left_behind = publish_old  # type: ignore[method-assign]


def republish_by_time() -> None:
    """A dispatch that nobody has begun for a time is published again, whether the broker holds it or not."""
    from events import outbox
    from events.clock import database_now
    from events.lost_dispatches import LostDispatches, older_than, open_dispatches

    def publish_waiting(self: LostDispatches) -> int:
        return outbox.publish_events(sorted(older_than(database_now() - AGE, open_dispatches())))

    LostDispatches.publish_lost = publish_waiting  # type: ignore[method-assign]


def without_renewal() -> None:
    """Nobody renews the entries of work that goes on."""
    from events.renewal import Renewal

    Renewal._renew = lambda self: None  # type: ignore[method-assign]


SLOW = ("plain", "slow")
BUGS = {
    "claim removed": Bug("an event that comes twice has its effect twice", without_claim, ("duplicates", "reordered")),
    "ack before commit": Bug(
        "a process that dies in its transaction loses its batch",
        ack_before_commit,
        ("kill at point",),
        ("consume.after_claim", "unit.before_commit"),
    ),
    "publish before commit": Bug(
        "workers get dispatches that no ledger knows",
        publish_before_commit,
        ("kill at point",),
        ("unit.before_commit",),
    ),
    "relay by age": Bug("events of living processes are published twice", relay_by_age, ("tables locked",)),
    "republish by time": Bug("a long queue is published again and again", republish_by_time, (), (), SLOW),
    "no lease renewal": Bug("long work is taken over while it goes on", without_renewal, (), (), SLOW),
}
