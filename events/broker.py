"""The connection to the broker: one server, a Redis Cluster, or a primary that Sentinels name. Alone imports redis.

A command of a cluster concerns keys of one slot, and a pipeline is divided by node. What a cluster answers while it
changes (MOVED, ASK, TRYAGAIN, CLUSTERDOWN) is followed where that is safe, and is an outage otherwise.
"""

import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import hiredis
import redis
from django.conf import settings
from django_redis.pool import ConnectionFactory
from redis._parsers.base import BaseParser
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, ClusterPipeline
from redis.retry import Retry
from redis.sentinel import Sentinel

from environment.broker_urls import BrokerUrl, parsed
from events import METRICS

# The client has been imported without them: who needs them may have them now.
if sys.modules.get(METRICS, sys) is None:
    del sys.modules[METRICS]


class BrokerRefuses(redis.ResponseError):
    """The broker answers but cannot do it now: its disk is full, it has too few replicas, or it became a replica."""


# The client library treats these answers as the caller's errors; they mean that the broker cannot do it at present.
for _code in ("MISCONF", "NOREPLICAS", "UNBLOCKED"):
    BaseParser.EXCEPTION_CLASSES[_code] = BrokerRefuses
# Of a pipeline in a cluster only that is sent again which certainly had no effect: not what a time-out leaves open.
HAD_NO_EFFECT: Any = (redis.exceptions.MovedError, redis.exceptions.AskError, redis.exceptions.TryAgainError)
ClusterPipeline.ERRORS_ALLOW_RETRY = HAD_NO_EFFECT

# An error of the caller, or a key or group that is missing.
BrokerAnswer = redis.ResponseError
NotABroker = redis.InvalidResponse
# The broker is away, full, starting or changing: the event is not at fault, so wait and do the same again.
BROKER_ERRORS = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.BusyLoadingError,
    redis.ReadOnlyError,
    redis.OutOfMemoryError,
    redis.exceptions.ClusterDownError,
    redis.exceptions.MasterDownError,
    redis.exceptions.TryAgainError,
    redis.exceptions.AskError,  # MOVED is one, too
    BrokerRefuses,
)

# A broker that is silent for this long counts as away: longer than BLOCK_MS, yet short, since people wait for pages.
SOCKET_TIMEOUT_SECONDS = 2.5
# A command as it goes to the broker; its type in the package allows single words only.
packed: Callable[[tuple[str | bytes, ...]], bytes] = hiredis.pack_command  # type: ignore[assignment]
# Commands whose key the client would ask the broker for, with one more round trip each time.
READING = ("XREAD", "XREADGROUP")


class NotACluster(redis.RedisError):
    """The server at an address of a cluster is one server that belongs to no cluster."""


def as_outage(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return the call with the library's faults of a whole cluster raised as ConnectionError, an outage."""

    def called(*args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except redis.exceptions.RedisClusterException as error:
            if "Cluster mode is not enabled" in str(error):
                raise NotACluster from error
            if "cannot be connected" in str(error) or "not covered" in str(error):
                raise redis.ConnectionError(str(error)) from error
            raise

    return called


class Cluster(redis.RedisCluster):
    """A cluster whose faults are outages, and which finds the node of a blocking read without asking for it."""

    def __init__(self, **options: Any) -> None:
        """Find the nodes. Raises ConnectionError if none can be reached, or NotACluster."""
        as_outage(super().__init__)(**options)

    def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """Execute a command at the node of its key; MOVED and ASK are followed."""
        return as_outage(super().execute_command)(*args, **kwargs)

    def pipeline(self, transaction: bool | None = None, shard_hint: Any = None) -> Any:
        """Return a pipeline that sends each command to the node of its key, to all nodes at the same time.

        It is never a transaction, which would have to stay in one slot.
        """
        pipe: Any = super().pipeline(transaction=False)  # type: ignore[no-untyped-call]
        pipe.execute = as_outage(pipe.execute)
        return pipe

    def determine_slot(self, *args: Any) -> int | None:
        """Return the slot of the command's key."""
        if args[0] in READING:
            words = [word.decode() if isinstance(word, bytes) else word for word in args]
            return int(
                self.keyslot(  # type: ignore[no-untyped-call]
                    words[words.index("STREAMS") + 1]
                )
            )
        slot: int | None = super().determine_slot(*args)
        return slot


class Sentinels(Sentinel):
    """The Sentinels of a broker; that they name no primary is an outage, in words that show no address of a client."""

    def discover_master(self, service_name: str) -> Any:
        """Return host and port of the primary of this name. Raises ConnectionError."""
        try:
            return super().discover_master(service_name)  # type: ignore[no-untyped-call]
        except redis.sentinel.MasterNotFoundError:
            words = f"No Sentinel answers and names a primary called {service_name!r} that answers, too."
            raise redis.ConnectionError(words) from None


@cache
def client() -> Any:
    """Return this process's broker client; it never retries by itself, since a repeated XADD is a second entry."""
    return connected(settings.REDIS_URL, seconds=SOCKET_TIMEOUT_SECONDS)


def connected(address: str, *, seconds: float) -> Any:
    """Return a client of the broker at this address that gives up after so many seconds, and never retries."""
    url = parsed(address)
    options: dict[str, Any] = {"socket_timeout": seconds, "socket_connect_timeout": seconds, "protocol": 2}
    if url.kind == "single":
        return redis.Redis.from_url(address, retry=Retry(NoBackoff(), 0), **options)
    options |= url.credentials | ({"ssl": True} if url.has_tls else {})
    if url.kind == "cluster":
        nodes = [ClusterNode(host, port) for host, port in url.hosts]  # type: ignore[no-untyped-call]
        return Cluster(startup_nodes=nodes, retry=Retry(NoBackoff(), 0), **options)
    return primary_of(url, {**options, "retry": Retry(NoBackoff(), 0)}, seconds)


def primary_of(url: BrokerUrl, options: dict[str, Any], seconds: float) -> Any:
    """Return a client of the primary that the Sentinels name: each new connection asks them again."""
    waits = {"socket_timeout": seconds, "socket_connect_timeout": seconds, "retry": Retry(NoBackoff(), 0)}
    sentinel: Any = Sentinels(list(url.hosts), sentinel_kwargs={**waits, **url.sentinel_options()})  # type: ignore[no-untyped-call]
    return sentinel.master_for(url.service, db=url.database, **options)


def execute_together(commands: Sequence[tuple[str | bytes, ...]]) -> None:
    """Execute the commands in one step of the broker, which is no cluster. Raises the first error of any of them.

    As a pipeline of the client, which took three times as long to write the commands and to read their replies.
    """
    pool = client().connection_pool
    connection = pool.get_connection()
    try:
        connection.send_packed_command([b"".join(map(packed, [("MULTI",), *commands, ("EXEC",)]))])
        replies = [reply_of(connection) for _ in range(len(commands) + 2)]
    except BaseException:
        connection.disconnect()  # what it answers later would be taken for the replies to other commands
        raise
    finally:
        pool.release(connection)
    done = replies[-1] if isinstance(replies[-1], list) else []
    if errors := [reply for reply in [*replies, *done] if isinstance(reply, Exception)]:
        raise errors[0]


def reply_of(connection: Any) -> Any:
    """Return the next reply on the connection; the broker's error as an object, since other replies follow it."""
    try:
        return connection.read_response()
    except redis.ResponseError as error:
        return error


def is_cluster() -> bool:
    """Return True if the broker is a Redis Cluster."""
    return parsed(settings.REDIS_URL).kind == "cluster"


def nodes() -> dict[str, dict[str, Any]]:
    """Return {name: arguments of the client's methods that address it} of every node that holds a part of the keys.

    One server has no name and needs no argument. Asked in this way, a node that has failed makes the client look for
    the nodes again.
    """
    if not is_cluster():
        return {"": {}}
    return {node.name: {"target_nodes": node} for node in client().get_primaries()}


def node_of(key: str) -> dict[str, Any]:
    """Return the arguments of the client's methods that address the node which holds the key."""
    return {"target_nodes": client().get_node_from_key(key)} if is_cluster() else {}


def key_on_node(name: str, node: str) -> str:
    """Return a key that this node holds: the name, in a cluster with the first number behind it that leads there."""
    if not node:
        return name
    cluster = client()
    candidates = (f"{name}:{{{number}}}" for number in range(16384 * 16))
    return next(key for key in candidates if cluster.get_node_from_key(key).name == node)


class CacheConnections(ConnectionFactory):  # type: ignore[misc]  # django-redis leaves its type variables open
    """Gives django-redis a client of any broker that Interlock accepts; a cache uses single keys only."""

    made: dict[str, Any] = {}

    def connect(self, url: str) -> Any:
        """Return the client of the broker at this address, one for each process."""
        if url not in self.made:
            self.made[url] = connected(url, seconds=self.options["SOCKET_TIMEOUT"])
        return self.made[url]

    def disconnect(self, connection: Any) -> None:
        """Do nothing: the client is kept, and closes its connections when the process ends."""
