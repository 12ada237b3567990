"""Redis Streams: groups, read, reclaim, ack, publish, trim. The only module that imports redis."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis._parsers.base import BaseParser
from redis.backoff import NoBackoff
from redis.retry import Retry

from events.envelope import Envelope
from events.errors import BrokerUnfit
from events.outage import outage


class BrokerRefuses(redis.ResponseError):
    """The broker answers, and cannot write now: its disk is full, or too few replicas are there."""


# The client library knows these answers as errors of the caller's; they say that the broker is not fit to write.
for _code in ("MISCONF", "NOREPLICAS"):
    BaseParser.EXCEPTION_CLASSES[_code] = BrokerRefuses

# The broker is away, full or on its way back: nothing is wrong with the event, wait and do the same again.
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

# Longest wait for new entries: short, so that SIGTERM and reclaiming are never far; below the socket's timeout.
BLOCK_MS = 1000
# A broker that says nothing for so long is away: longer than BLOCK_MS, and short, since people wait behind it.
SOCKET_TIMEOUT_SECONDS = 2.5
# Groups that must have read an entry of the log, or of the dead-letter stream, before it may be trimmed.
OWNER_GROUPS = ("orchestrator", "clarifications", "validators")
LETTERS_GROUP = "dead-letters"
DISPATCH = "WORK.ITEM_DISPATCHED"


@dataclass(frozen=True, slots=True)
class Entry:
    """One delivery of a stream entry to a group; `deliveries` counts this one too."""

    stream: str
    entry_id: str
    fields: dict[bytes, bytes]
    deliveries: int = 1

    def size(self) -> int:
        """How many bytes its fields have."""
        return sum(len(name) + len(value) for name, value in self.fields.items())


@dataclass(frozen=True, slots=True)
class Pending:
    """An entry a consumer holds without having settled it."""

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
    """This process's connection pool: no hidden retry, since a retried XADD is a second entry."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=SOCKET_TIMEOUT_SECONDS,
        socket_connect_timeout=SOCKET_TIMEOUT_SECONDS,
        protocol=2,
    )


def work_stream(agent: str) -> str:
    """The stream of dispatches for one agent."""
    return f"{settings.NAMESPACE}:work:{agent}"


def worker_group(agent: str) -> str:
    """The consumer group an agent's workers share."""
    return f"{agent}s"


def position(entry_id: str) -> tuple[int, int]:
    """An entry id as numbers, in stream order."""
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)


# -- start-up --------------------------------------------------------------------------------------
def verify_broker() -> list[str]:
    """Refuse a broker that would lose events (BrokerUnfit); the warnings otherwise."""
    try:
        server = client().info("server")
    except redis.InvalidResponse as error:
        raise BrokerUnfit("What answers at the address of the broker is another program: see REDIS_URL.") from error
    kind = server.get("server_name", "redis")
    version = server["valkey_version"] if kind == "valkey" else server["redis_version"]
    oldest = (8, 0, 0) if kind == "valkey" else (7, 0, 15)
    if tuple(int(part) for part in version.split(".")[:3]) < oldest:
        raise BrokerUnfit(f"{kind} {version} is too old: Redis 7.0.15 or Valkey 8 is the least.")
    policy = client().info("memory")["maxmemory_policy"]
    if policy != "noeviction":
        raise BrokerUnfit(f"maxmemory-policy is {policy}: set it to noeviction, or events vanish when memory is full.")
    if not client().info("persistence")["aof_enabled"]:
        return ["The broker keeps no append-only file: after its restart events are only sent again, not kept."]
    return []


def ensure_group(stream: str, group: str) -> None:
    """Create the group at the stream's beginning; an existing one stays as it is."""
    try:
        client().xgroup_create(stream, group, id="0", mkstream=True)
    except redis.ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


# -- reading ---------------------------------------------------------------------------------------
def read_new(stream: str, group: str, consumer: str, *, count: int, block_ms: int = BLOCK_MS) -> list[Entry]:
    """Entries nobody in the group has seen; an empty list after `block_ms` without any. Heals a lost group."""
    try:
        reply = client().xreadgroup(group, consumer, {stream: ">"}, count=count, block=block_ms)
    except redis.ResponseError as error:
        if "NOGROUP" not in str(error):
            raise
        ensure_group(stream, group)
        return []
    return [Entry(stream, entry_id.decode(), fields) for _, found in pairs(reply) for entry_id, fields in found]


def pairs(reply: Any) -> list[tuple[bytes, Any]]:
    """(stream, entries) pairs of an XREADGROUP reply, which is a list or a dict by protocol version."""
    if isinstance(reply, dict):
        return [(stream, [entry for chunk in chunks for entry in chunk]) for stream, chunks in reply.items()]
    return list(reply or [])


def ends(names: Sequence[str]) -> dict[str, str]:
    """The newest entry id of each stream: where to follow it from."""
    return {name: last_entry(name) or "0" for name in names}


def tail(positions: dict[str, str], *, count: int, block_ms: int = BLOCK_MS) -> list[Entry]:
    """Entries after these positions, for a reader outside every group."""
    reply = client().xread(dict(positions), count=count, block=block_ms)
    return [
        Entry(name.decode(), entry_id.decode(), fields) for name, found in pairs(reply) for entry_id, fields in found
    ]


def pending(
    stream: str, group: str, *, count: int, consumer: str | None = None, idle_ms: int = 0, after: str = ""
) -> list[Pending]:
    """Entries delivered and not settled: those of one consumer, or those idle for longer than `idle_ms`.

    `after` is the entry behind which to go on.
    """
    try:
        found = client().xpending_range(
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
    return [Pending(p["message_id"].decode(), p["consumer"].decode(), p["times_delivered"]) for p in found]


def take_over(stream: str, group: str, consumer: str, waiting: Sequence[Pending]) -> list[Entry]:
    """Claim pending entries for this consumer; those that no longer exist on the stream are left out."""
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
    """Settle entries for the group."""
    if listed := list(entry_ids):
        client().xack(stream, group, *listed)


def require_reachable() -> None:
    """Raise one of BROKER_ERRORS unless the broker answers: asked before rows are locked, never while they are."""
    client().ping()
    outage.over()


# -- writing ---------------------------------------------------------------------------------------
def publish(envelopes: Sequence[Envelope]) -> list[tuple[str, str]]:
    """XADD events in one pipeline; per event the log entry's id and, for a dispatch, the work entry's."""
    pipe = client().pipeline(transaction=False)
    for envelope in envelopes:
        fields = wire_fields(envelope)
        pipe.xadd(settings.STREAM_NAME, fields)
        if envelope.event_type == DISPATCH:
            pipe.xadd(work_stream(envelope.payload["agent_target"]), fields)
    replies = iter([reply.decode() for reply in pipe.execute()])
    return [(next(replies), next(replies) if e.event_type == DISPATCH else "") for e in envelopes]


def wire_fields(envelope: Envelope) -> dict[str, bytes | str]:
    """The entry's fields: the event, and beside it what a reader may skip by without parsing."""
    return {"event": envelope.to_wire(), "type": envelope.event_type, "project": str(envelope.project_id or "")}


def replay(stream: str, fields: dict[bytes, bytes]) -> str:
    """Put an entry's raw fields on the stream again, as a new entry."""
    added: bytes = client().xadd(stream, fields or {b"event": b""})
    return added.decode()


def publish_dead_letters(letters: Iterable[dict[str, str | bytes]]) -> None:
    """Append dead letters to the dead-letter stream."""
    pipe = client().pipeline(transaction=False)
    for fields in letters:
        pipe.xadd(settings.DLQ_STREAM, fields)
    pipe.execute()


def still_waiting(commands: Sequence[tuple[str, str]]) -> list[bool]:
    """Per (agent, work entry id): does the broker still hold that copy, undelivered or unsettled?"""
    positions = {agent: last_delivered(work_stream(agent), worker_group(agent)) for agent, _ in commands}
    pipe = client().pipeline(transaction=False)
    for agent, entry_id in commands:
        pipe.xrange(work_stream(agent), entry_id, entry_id)
        if positions[agent] is not None:
            pipe.xpending_range(work_stream(agent), worker_group(agent), entry_id, entry_id, 1)
    replies = iter(pipe.execute())
    verdicts = []
    for agent, entry_id in commands:
        exists, read_up_to = bool(next(replies)), positions[agent]
        unsettled = bool(next(replies)) if read_up_to is not None else True
        undelivered = read_up_to is None or position(entry_id) > position(read_up_to)
        verdicts.append(exists and (undelivered or unsettled))
    return verdicts


def last_delivered(stream: str, group: str) -> str | None:
    """The last entry id the group was given; None when there is no such group."""
    return next((status.last_delivered for status in groups(stream) if status.name == group), None)


# -- looking and trimming --------------------------------------------------------------------------
def ours() -> list[str]:
    """The log and every work stream."""
    found = client().scan_iter(match=f"{settings.NAMESPACE}:work:*", _type="stream")
    return [settings.STREAM_NAME, *sorted(name.decode() for name in found)]


def length(stream: str) -> int:
    """Entries in the stream."""
    return int(client().xlen(stream))


def groups(stream: str) -> list[GroupStatus]:
    """Every group of the stream and how far it has read; none when there is no stream."""
    try:
        found = client().xinfo_groups(stream)
    except redis.ResponseError as error:
        if "no such key" not in str(error):
            raise
        return []
    return [group_status(stream, group) for group in found]


def group_status(stream: str, group: dict[str, Any]) -> GroupStatus:
    """One group of an XINFO GROUPS reply, with its oldest pending entry."""
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
    """The entry before which every group has settled everything; None while that cannot be said.

    A stream is left alone until each group exists that owns it: a group made later would start on a hole.
    """
    readers = groups(stream)
    owners = {settings.STREAM_NAME: OWNER_GROUPS, settings.DLQ_STREAM: (LETTERS_GROUP,)}.get(stream, ())
    if not {g.name for g in readers}.issuperset(owners):
        return None
    if not readers:
        return last_entry(stream)
    return min((g.oldest_pending or g.last_delivered for g in readers), key=position)


def is_queue_before(entry: Entry) -> bool:
    """Return True while one of our groups has not settled everything that stands before the entry in its stream."""
    settled = settled_up_to(entry.stream)
    return settled is None or position(settled) < position(entry.entry_id)


def last_entry(stream: str) -> str | None:
    """The id of the newest entry."""
    found = client().xrevrange(stream, count=1)
    return found[0][0].decode() if found else None


def drop_before(stream: str, entry_id: str) -> int:
    """Drop the entries before this one; the number dropped."""
    return int(client().xtrim(stream, minid=entry_id, approximate=False))
