"""Redis Streams: groups, reading, take-overs, acks, publishing, trimming."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings

from events import partitions
from events.broker import BROKER_ERRORS as BROKER_ERRORS
from events.broker import BrokerAnswer, execute_together, is_cluster, nodes
from events.broker import client as client
from events.envelope import Outgoing
from events.outage import outage
from events.partitions import log_streams
from events.seal import seal_of

# Longest wait for new entries: short, so that SIGTERM and take-overs are noticed soon; below the socket's time-out.
BLOCK_MS = 1000
# Pause between two looks at streams in several slots of a cluster, while a page is watched.
LOOK_SECONDS = 0.1
# Groups that must have settled an entry of the log (OWNER_GROUPS) or of the dead-letter stream before it is trimmed.
OWNER_GROUPS = ("orchestrator", "clarifications", "validators")
DEAD_LETTERS_GROUP = "dead-letters"


class Entry(NamedTuple):
    """One delivery of a stream entry to a group; `deliveries` is how often it was delivered, this time included."""

    stream: str
    entry_id: str
    fields: dict[bytes, bytes]
    deliveries: int = 1

    def size(self) -> int:
        """Return the size of the entry's fields in bytes."""
        return sum(len(name) + len(value) for name, value in self.fields.items())


@dataclass(frozen=True, slots=True)
class Pending:
    """An entry that was delivered to a consumer and is not settled yet."""

    entry_id: str
    consumer: str
    deliveries: int


@dataclass(frozen=True, slots=True)
class GroupStatus:
    """How far a group has read a stream."""

    name: str
    consumers: int
    pending: int
    oldest_pending: str | None
    lag: int | None
    last_delivered: str


def work_stream(agent: str) -> str:
    """Return the name of the stream that carries the dispatches for this agent."""
    return f"{settings.NAMESPACE}:work:{agent}"


def worker_group(agent: str) -> str:
    """Return the name of the consumer group that all workers of this agent share."""
    return f"{agent}s"


def position(entry_id: str) -> tuple[int, int]:
    """Return the entry id as two numbers (milliseconds, sequence), which sort in stream order."""
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)


def ensure_group(stream: str, group: str) -> None:
    """Create the group at the beginning of the stream, and the stream if it is missing. Idempotent."""
    try:
        client().xgroup_create(stream, group, id="0", mkstream=True)
    except BrokerAnswer as error:
        if "BUSYGROUP" not in str(error):
            raise


# -- reading ---------------------------------------------------------------------------------------
def read_new(stream: str, group: str, consumer: str, *, count: int, block_ms: int | None = BLOCK_MS) -> list[Entry]:
    """Return new entries for the group; empty after `block_ms`, or at once if that is None.

    A group that the broker lost is created again.
    """
    try:
        reply = client().xreadgroup(group, consumer, {stream: ">"}, count=count, block=block_ms)
    except BrokerAnswer as error:
        if "NOGROUP" not in str(error):
            raise
        ensure_group(stream, group)
        return []
    return entries_of(reply)


def pairs(reply: Any) -> list[tuple[bytes, Any]]:
    """Return the (stream, entries) pairs of an XREADGROUP reply, which is a list or a dict by protocol version."""
    if isinstance(reply, dict):
        return [(stream, [entry for chunk in chunks for entry in chunk]) for stream, chunks in reply.items()]
    return list(reply or [])


def newest_positions(names: Sequence[str]) -> dict[str, str]:
    """Return {stream: id of its newest entry}, the positions from which to follow the streams; "0" for an empty one."""
    return {name: last_entry(name) or "0" for name in names}


def read_after(positions: dict[str, str], *, count: int, block_ms: int = BLOCK_MS) -> list[Entry]:
    """Return the entries after these positions, up to `count` of each stream; no consumer group is involved."""
    if is_cluster() and len(positions) > 1:
        return read_after_by_slot(positions, count=count, until=time.monotonic() + block_ms / 1000)
    reply = client().xread(dict(positions), count=count, block=block_ms)
    return entries_of(reply)


def read_after_by_slot(positions: dict[str, str], *, count: int, until: float) -> list[Entry]:
    """Return the entries after these positions of streams in several slots, which no command can read together.

    Looks every LOOK_SECONDS until there are some. Only while a page is watched does anybody ask for this.
    """
    while True:
        pipe = client().pipeline(transaction=False)
        for name, position_before in positions.items():
            pipe.xread({name: position_before}, count=count)
        if (found := [entry for reply in pipe.execute() for entry in entries_of(reply)]) or time.monotonic() > until:
            return found
        time.sleep(LOOK_SECONDS)


def entries_of(reply: Any) -> list[Entry]:
    """Return the entries of an XREAD or XREADGROUP reply."""
    return [
        Entry(name.decode(), entry_id.decode(), fields) for name, batch in pairs(reply) for entry_id, fields in batch
    ]


def pending(
    stream: str, group: str, *, count: int, consumer: str | None = None, idle_ms: int = 0, after: str = ""
) -> list[Pending]:
    """Return delivered and unsettled entries: of one consumer, or idle for longer than `idle_ms`.

    Pages: `after` is the last entry id of the page before.
    """
    try:
        waiting = client().xpending_range(
            stream,
            group,
            min=f"({after}" if after else "-",
            max="+",
            count=count,
            consumername=consumer,
            idle=idle_ms or None,
        )
    except BrokerAnswer as error:
        if "NOGROUP" not in str(error):
            raise
        ensure_group(stream, group)
        return []
    return [Pending(p["message_id"].decode(), p["consumer"].decode(), p["times_delivered"]) for p in waiting]


def take_over(stream: str, group: str, consumer: str, waiting: Sequence[Pending]) -> list[Entry]:
    """Claim pending entries for this consumer and return them; entries that are gone from the stream are left out."""
    if not waiting:
        return []
    deliveries = {p.entry_id: p.deliveries + 1 for p in waiting}
    claimed = client().xclaim(stream, group, consumer, min_idle_time=0, message_ids=list(deliveries))
    return [
        Entry(stream, entry_id.decode(), fields, deliveries[entry_id.decode()])
        for entry_id, fields in claimed
        if fields
    ]


def ack(stream: str, group: str, entry_ids: Iterable[str]) -> None:
    """Settle the entries for the group: the broker does not deliver them again."""
    if ids := list(entry_ids):
        client().xack(stream, group, *ids)


def require_reachable() -> None:
    """Raise one of BROKER_ERRORS unless every node of the broker answers; call this before rows are locked."""
    for node in nodes().values():
        client().ping(**node)
    outage.note_answer()


# -- writing ---------------------------------------------------------------------------------------
def publish(events: Sequence[Outgoing], *, settled: Sequence[tuple[str, str, str]] = ()) -> None:
    """XADD the events, and a dispatch once more on its agent's stream, all in one step of the broker.

    `settled` are (stream, group, entry id) that the same step acknowledges, after the events are added. A reader that
    waits is woken after the last entry and gets them together; woken by the first, it would spend a transaction on it.
    In a cluster, where no step reaches several nodes, it is a pipeline for each node.
    """
    added = [command for event in events for command in adding(event)]
    acknowledged = [("XACK", stream, group, entry_id) for stream, group, entry_id in settled]
    if not is_cluster():
        execute_together([*added, *acknowledged])
        return
    # One node may fail while another answers: nothing is settled before everything is added.
    for commands in (added, acknowledged):
        pipe = client().pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        pipe.execute()


def adding(event: Outgoing) -> list[tuple[str | bytes, ...]]:
    """Return the commands that add the event to the log and, if it is a dispatch, to its agent's stream."""
    names = [partitions.log_of(event.project_id)]
    if event.agent is not None:
        names += [work_stream(event.agent), *([settings.STREAM_NAME] if partitions.has_door() else [])]
    entry = [part for field in fields_of(event).items() for part in field]
    return [("XADD", name, "*", *entry) for name in names]


def fields_of(event: Outgoing) -> dict[str, bytes | str]:
    """Return the fields of the event's stream entry: the event, its seal, and what readers see without parsing it."""
    fields: dict[str, bytes | str] = {
        "event": event.wire,
        "type": event.event_type,
        "project": str(event.project_id or ""),
        "id": str(event.event_id),
        "sig": seal_of(event.wire),
    }
    if event.traceparent:
        fields["traceparent"] = event.traceparent
    return fields


def replay(stream: str, fields: dict[bytes, bytes]) -> str:
    """Add the raw fields to the stream as a new entry; return its id."""
    added: bytes = client().xadd(stream, fields or {b"event": b""})
    return added.decode()


def publish_dead_letters(letters: Iterable[dict[str, str | bytes]]) -> None:
    """Append dead letters to the dead-letter stream."""
    pipe = client().pipeline(transaction=False)
    for fields in letters:
        pipe.xadd(settings.DLQ_STREAM, fields)
    pipe.execute()


# -- looking and trimming --------------------------------------------------------------------------
def own_streams() -> list[str]:
    """Return the names of the streams of the log and of all existing work streams."""
    return [*streams_to_read(), *existing(f"{settings.NAMESPACE}:work:*")]


def streams_to_read() -> list[str]:
    """Return the streams of the log, and partitions beyond PARTITIONS that a larger number has left behind."""
    current = log_streams()
    left_behind = [name for name in existing(f"{settings.STREAM_NAME}:{{*}}") if name not in current]
    return [*current, *left_behind]


def existing(pattern: str) -> list[str]:
    """Return the names of the streams that exist and fit the pattern, sorted."""
    return sorted(name.decode() for name in client().scan_iter(match=pattern, _type="stream"))


def length(stream: str) -> int:
    """Return the number of entries in the stream."""
    return int(client().xlen(stream))


def groups(stream: str) -> list[GroupStatus]:
    """Return the status of each group of the stream; empty if there is no such stream."""
    try:
        infos = client().xinfo_groups(stream)
    except BrokerAnswer as error:
        if "no such key" not in str(error):
            raise
        return []
    return [group_status(stream, group) for group in infos]


def group_status(stream: str, group: dict[str, Any]) -> GroupStatus:
    """Return the status of one group of an XINFO GROUPS reply, with its oldest pending entry."""
    name = group["name"].decode()
    oldest = client().xpending(stream, name)["min"] if group["pending"] else None
    return GroupStatus(
        name=name,
        consumers=group["consumers"],
        pending=group["pending"],
        oldest_pending=oldest.decode() if oldest else None,
        lag=group.get("lag"),
        last_delivered=group["last-delivered-id"].decode(),
    )


def settled_up_to(stream: str) -> str | None:
    """Return the id of the entry before which every group has settled everything; None if that is not known.

    Not known until every group exists that has to read the stream: one created after trimming would miss entries.
    """
    readers = groups(stream)
    owners = {settings.DLQ_STREAM: (DEAD_LETTERS_GROUP,)}.get(stream, OWNER_GROUPS if partitions.is_log(stream) else ())
    if not {g.name for g in readers}.issuperset(owners):
        return None
    if not readers:
        return last_entry(stream)
    return min((g.oldest_pending or g.last_delivered for g in readers), key=position)


def log_ends() -> dict[str, str]:
    """Return {stream: id of its newest entry} of the streams of the log; "0" for an empty one."""
    return newest_positions(log_streams())


def is_settled_up_to(ends: dict[str, str], group: str) -> bool:
    """Return True if the group has settled the streams up to these entries, themselves included."""
    return all(is_stream_settled(stream, entry_id, group) for stream, entry_id in ends.items())


def is_stream_settled(stream: str, entry_id: str, group: str) -> bool:
    """Return True if the group has settled every entry of the stream up to this one, itself included."""
    status = next((g for g in groups(stream) if g.name == group), None)
    if status is None:
        return False
    if status.oldest_pending and position(status.oldest_pending) <= position(entry_id):
        return False
    return position(status.last_delivered) >= position(entry_id)


def is_queue_before(entry: Entry) -> bool:
    """Return True while some group has unsettled entries in front of this entry in its stream."""
    settled = settled_up_to(entry.stream)
    return settled is None or position(settled) < position(entry.entry_id)


def last_entry(stream: str) -> str | None:
    """Return the id of the newest entry; None for an empty stream."""
    newest = client().xrevrange(stream, count=1)
    return newest[0][0].decode() if newest else None


def drop_before(stream: str, entry_id: str) -> int:
    """Delete the entries before this one and return how many there were."""
    return int(client().xtrim(stream, minid=entry_id, approximate=False))
