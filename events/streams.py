"""Redis Streams: groups, reading, take-overs, acks, publishing, trimming. The only module that imports redis."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis._parsers.base import BaseParser
from redis.backoff import NoBackoff
from redis.retry import Retry

from events.envelope import Outgoing
from events.errors import BrokerUnfit
from events.outage import outage
from events.seal import seal_of


class BrokerRefuses(redis.ResponseError):
    """The broker answers but cannot write now: its disk is full, or it has too few replicas."""


# The client library treats these answers as the caller's errors; they mean that the broker cannot write at present.
for _code in ("MISCONF", "NOREPLICAS"):
    BaseParser.EXCEPTION_CLASSES[_code] = BrokerRefuses

# The broker is away, full or starting: the event is not at fault, so wait and do the same again.
BROKER_ERRORS = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.BusyLoadingError,
    redis.ReadOnlyError,
    redis.OutOfMemoryError,
    redis.exceptions.ClusterDownError,
    redis.exceptions.MasterDownError,
    redis.exceptions.TryAgainError,
    BrokerRefuses,
)

# Longest wait for new entries: short, so that SIGTERM and take-overs are noticed soon; below the socket's time-out.
BLOCK_MS = 1000
# A broker that is silent for this long counts as away: longer than BLOCK_MS, yet short, since people wait for pages.
SOCKET_TIMEOUT_SECONDS = 2.5
# Groups that must have settled an entry of the log (OWNER_GROUPS) or of the dead-letter stream before it is trimmed.
OWNER_GROUPS = ("orchestrator", "clarifications", "validators")
DEAD_LETTERS_GROUP = "dead-letters"


@dataclass(frozen=True, slots=True)
class Entry:
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


@cache
def client() -> Any:
    """Return this process's broker client; it never retries by itself, since a repeated XADD is a second entry."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=SOCKET_TIMEOUT_SECONDS,
        socket_connect_timeout=SOCKET_TIMEOUT_SECONDS,
        protocol=2,
    )


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


# -- start-up --------------------------------------------------------------------------------------
def verify_broker() -> list[str]:
    """Return warnings about a broker that is fit to use. Raises BrokerUnfit for one that would lose events."""
    try:
        server = client().info("server")
    except redis.InvalidResponse as error:
        raise BrokerUnfit("The program at REDIS_URL is neither Redis nor Valkey: correct the address.") from error
    kind = server.get("server_name", "redis")
    version = server["valkey_version"] if kind == "valkey" else server["redis_version"]
    oldest = (8, 0, 0) if kind == "valkey" else (7, 0, 15)
    if tuple(int(part) for part in version.split(".")[:3]) < oldest:
        raise BrokerUnfit(f"{kind} {version} is too old: install Redis 7.0.15 or Valkey 8, or a newer one.")
    policy = client().info("memory")["maxmemory_policy"]
    if policy != "noeviction":
        raise BrokerUnfit(f"maxmemory-policy is {policy}: set it to noeviction, or events vanish when memory is full.")
    if not client().info("persistence")["aof_enabled"]:
        return ["The broker keeps no append-only file: a restart loses its streams, and events are published again."]
    return []


def ensure_group(stream: str, group: str) -> None:
    """Create the group at the beginning of the stream, and the stream if it is missing. Idempotent."""
    try:
        client().xgroup_create(stream, group, id="0", mkstream=True)
    except redis.ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


# -- reading ---------------------------------------------------------------------------------------
def read_new(stream: str, group: str, consumer: str, *, count: int, block_ms: int = BLOCK_MS) -> list[Entry]:
    """Return new entries for the group; empty after `block_ms`. A group that the broker lost is created again."""
    try:
        reply = client().xreadgroup(group, consumer, {stream: ">"}, count=count, block=block_ms)
    except redis.ResponseError as error:
        if "NOGROUP" not in str(error):
            raise
        ensure_group(stream, group)
        return []
    return [Entry(stream, entry_id.decode(), fields) for _, batch in pairs(reply) for entry_id, fields in batch]


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
    reply = client().xread(dict(positions), count=count, block=block_ms)
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
    except redis.ResponseError as error:
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
    """Raise one of BROKER_ERRORS unless the broker answers; call this before rows are locked, never while they are."""
    client().ping()
    outage.note_answer()


# -- writing ---------------------------------------------------------------------------------------
def publish(events: Sequence[Outgoing], *, settled: Sequence[tuple[str, str, str]] = ()) -> None:
    """XADD the events, and a dispatch once more on its agent's stream, all in one step of the broker.

    `settled` are (stream, group, entry id) that the same step acknowledges, after the events are added. A reader that
    waits is woken after the last entry and gets them together; woken by the first, it would spend a transaction on it.
    """
    pipe = client().pipeline(transaction=True)
    for event in events:
        fields = fields_of(event)
        pipe.xadd(settings.STREAM_NAME, fields)
        if event.agent is not None:
            pipe.xadd(work_stream(event.agent), fields)
    for stream, group, entry_id in settled:
        pipe.xack(stream, group, entry_id)
    pipe.execute()


def fields_of(event: Outgoing) -> dict[str, bytes | str]:
    """Return the fields of the event's stream entry: the event, its seal, and what readers see without parsing it."""
    return {
        "event": event.wire,
        "type": event.event_type,
        "project": str(event.project_id or ""),
        "id": str(event.event_id),
        "sig": seal_of(event.wire),
    }


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
    """Return the names of the log and of all existing work streams."""
    names = client().scan_iter(match=f"{settings.NAMESPACE}:work:*", _type="stream")
    return [settings.STREAM_NAME, *sorted(name.decode() for name in names)]


def length(stream: str) -> int:
    """Return the number of entries in the stream."""
    return int(client().xlen(stream))


def groups(stream: str) -> list[GroupStatus]:
    """Return the status of each group of the stream; empty if there is no such stream."""
    try:
        infos = client().xinfo_groups(stream)
    except redis.ResponseError as error:
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
    owners = {settings.STREAM_NAME: OWNER_GROUPS, settings.DLQ_STREAM: (DEAD_LETTERS_GROUP,)}.get(stream, ())
    if not {g.name for g in readers}.issuperset(owners):
        return None
    if not readers:
        return last_entry(stream)
    return min((g.oldest_pending or g.last_delivered for g in readers), key=position)


def is_settled_up_to(entry_id: str, group: str) -> bool:
    """Return True if the group has settled every entry of the log up to this one, itself included."""
    status = next((g for g in groups(settings.STREAM_NAME) if g.name == group), None)
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
