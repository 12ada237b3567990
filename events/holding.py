"""Decides who holds a pending entry: renews it, takes over entries that nobody renews, gives entries back."""

from collections.abc import Iterable, Iterator, Sequence

from events.broker import client
from events.streams import Entry, Pending, groups, pending, position

# Idle time that is set on an entry that is given back: a day, longer than any group waits before a take-over.
LONG_AGO_MS = 86_400_000


def take_over_idle(stream: str, group: str, consumer: str, waiting: Sequence[Pending], *, idle_ms: int) -> list[Entry]:
    """Claim those pending entries that are still idle for `idle_ms`.

    An entry that several consumers try goes to one.
    """
    if not waiting:
        return []
    deliveries = {p.entry_id: p.deliveries + 1 for p in waiting}
    claimed = client().xclaim(stream, group, consumer, min_idle_time=idle_ms, message_ids=list(deliveries))
    return [Entry(stream, entry_id.decode(), f, deliveries[entry_id.decode()]) for entry_id, f in claimed if f]


def existing_entries(stream: str, entry_ids: Iterable[str]) -> set[str]:
    """Return the ids of those entries that are still on the stream."""
    ids = list(entry_ids)
    pipe = client().pipeline(transaction=False)
    for entry_id in ids:
        pipe.xrange(stream, entry_id, entry_id)
    return {entry_id for entry_id, reply in zip(ids, pipe.execute() if ids else [], strict=True) if reply}


# Returns the entry id and the field `id` of up to ARGV[3] entries from ARGV[1] to ARGV[2]: the broker sends no event.
EVENT_IDS = """
local found = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[2], 'COUNT', ARGV[3])) do
  local id = ''
  for i = 1, #entry[2], 2 do
    if entry[2][i] == 'id' then id = entry[2][i + 1] end
  end
  found[#found + 1] = {entry[1], id}
end
return found
"""
# Entries that one call of the script reads: few milliseconds of the broker's time.
MOST_IDS = 1000


def unsettled_events(stream: str) -> set[str]:
    """Return the event ids of the entries that some group of the stream has not settled; all, if there is no group."""
    readers = groups(stream)
    found: set[str] = set()
    for reader in readers:
        unsettled, after = set(), ""
        while page := pending(stream, reader.name, count=MOST_IDS, after=after):
            unsettled |= {p.entry_id for p in page}
            after = page[-1].entry_id
        first = reader.oldest_pending or f"({reader.last_delivered}"
        delivered = position(reader.last_delivered)
        found |= {
            e for entry_id, e in event_ids(stream, first) if entry_id in unsettled or position(entry_id) > delivered
        }
    return found if readers else {event for _, event in event_ids(stream, "-")}


def event_ids(stream: str, first: str) -> Iterator[tuple[str, str]]:
    """Yield (entry id, event id) of the stream's entries from the first on, without those of other programs."""
    while page := client().eval(EVENT_IDS, 1, stream, first, "+", MOST_IDS):
        yield from ((entry.decode(), event.decode(errors="replace")) for entry, event in page if event)
        first = f"({page[-1][0].decode()}"


def still_held(group: str, consumer: str, entries: Sequence[Entry]) -> set[str]:
    """Return the ids of those entries that are pending and that no consumer has taken over since this delivery.

    The number of deliveries shows it: taking an entry over raises the number, even under the same consumer's name.
    """
    holders = holders_of(group, entries)
    return {e.entry_id for e in entries if holders.get(e.entry_id) == (consumer, e.deliveries)}


def entries_taken_over(group: str, consumer: str, entries: Sequence[Entry]) -> set[str]:
    """Return the ids of those entries that are pending for another consumer, or for a later delivery, by now."""
    holders = holders_of(group, entries)
    return {e.entry_id for e in entries if holders.get(e.entry_id, mine := (consumer, e.deliveries)) != mine}


def holders_of(group: str, entries: Sequence[Entry]) -> dict[str, tuple[str, int]]:
    """Return {entry id: (consumer, deliveries)} of pending entries; empty if the broker has lost the group."""
    pipe = client().pipeline(transaction=False)
    for entry in entries:
        pipe.xpending_range(entry.stream, group, entry.entry_id, entry.entry_id, 1)
    holders: dict[str, tuple[str, int]] = {}
    for reply in pipe.execute(raise_on_error=False) if entries else []:
        if isinstance(reply, Exception):
            if "NOGROUP" not in str(reply):
                raise reply
        else:
            holders |= {p["message_id"].decode(): (p["consumer"].decode(), p["times_delivered"]) for p in reply}
    return holders


def renew_held(group: str, consumer: str, entries: Sequence[Entry]) -> set[str]:
    """Reset the idle time of those entries that this consumer still holds, and return their ids.

    All entries are of one stream. No delivery is counted.
    """
    held = still_held(group, consumer, entries)
    if held:
        client().xclaim(entries[0].stream, group, consumer, 0, sorted(held), idle=0, justid=True)
    return held


def give_back(group: str, consumer: str, entry: Entry) -> None:
    """Offer an entry that this consumer still holds to the next consumer that looks, without counting this delivery.

    For an entry that was not handled through no fault of its own.
    """
    if still_held(group, consumer, [entry]):
        fewer = max(entry.deliveries - 1, 1)
        client().xclaim(
            entry.stream, group, consumer, 0, [entry.entry_id], idle=LONG_AGO_MS, retrycount=fewer, justid=True
        )
