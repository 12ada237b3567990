"""Who holds a pending entry: keep it, take over what nobody keeps, give it back. For work that takes long."""

from collections.abc import Iterable, Sequence

from events.streams import Entry, Pending, client

# An entry that is given back counts as idle for a day: longer than any group waits before it takes over.
LONG_AGO_MS = 86_400_000


def take_over_idle(stream: str, group: str, consumer: str, waiting: Sequence[Pending], *, idle_ms: int) -> list[Entry]:
    """Claim those of the pending entries that are still idle for so long; of several who try, one gets each."""
    if not waiting:
        return []
    deliveries = {p.entry_id: p.deliveries + 1 for p in waiting}
    claimed = client().xclaim(stream, group, consumer, min_idle_time=idle_ms, message_ids=list(deliveries))
    return [Entry(stream, entry_id.decode(), f, deliveries[entry_id.decode()]) for entry_id, f in claimed if f]


def existing(stream: str, entry_ids: Iterable[str]) -> set[str]:
    """Of these entries, those that are still on the stream."""
    listed = list(entry_ids)
    pipe = client().pipeline(transaction=False)
    for entry_id in listed:
        pipe.xrange(stream, entry_id, entry_id)
    return {entry_id for entry_id, found in zip(listed, pipe.execute() if listed else [], strict=True) if found}


def still_held(group: str, consumer: str, entries: Sequence[Entry]) -> set[str]:
    """Of these deliveries, those that are pending and that nobody has taken over since.

    The number of deliveries tells: who takes an entry over raises it, even under the same consumer's name.
    """
    holders = holders_of(group, entries)
    return {e.entry_id for e in entries if holders.get(e.entry_id) == (consumer, e.deliveries)}


def taken_over(group: str, consumer: str, entries: Sequence[Entry]) -> set[str]:
    """Of these deliveries, those that are pending in other hands now."""
    holders = holders_of(group, entries)
    return {e.entry_id for e in entries if holders.get(e.entry_id, mine := (consumer, e.deliveries)) != mine}


def holders_of(group: str, entries: Sequence[Entry]) -> dict[str, tuple[str, int]]:
    """Entry id → (consumer, deliveries) of what is pending; a broker that lost the group knows of nothing."""
    pipe = client().pipeline(transaction=False)
    for entry in entries:
        pipe.xpending_range(entry.stream, group, entry.entry_id, entry.entry_id, 1)
    found: dict[str, tuple[str, int]] = {}
    for reply in pipe.execute(raise_on_error=False) if entries else []:
        if isinstance(reply, Exception):
            if "NOGROUP" not in str(reply):
                raise reply
        else:
            found |= {p["message_id"].decode(): (p["consumer"].decode(), p["times_delivered"]) for p in reply}
    return found


def renew_held(group: str, consumer: str, entries: Sequence[Entry]) -> set[str]:
    """Make entries of one stream that are still held look fresh, without counting a delivery; the ids of these."""
    held = still_held(group, consumer, entries)
    if held:
        client().xclaim(entries[0].stream, group, consumer, 0, sorted(held), idle=0, justid=True)
    return held


def give_back(group: str, consumer: str, entry: Entry) -> None:
    """Leave an entry that is still held to whoever looks first, its delivery not counted: it was not its fault."""
    if still_held(group, consumer, [entry]):
        fewer = max(entry.deliveries - 1, 1)
        client().xclaim(
            entry.stream, group, consumer, 0, [entry.entry_id], idle=LONG_AGO_MS, retrycount=fewer, justid=True
        )
