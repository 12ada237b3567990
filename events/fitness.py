"""Looks whether the broker is fit to carry events: recent enough, and keeping what it is given."""

from typing import Any

from events.broker import NotABroker, NotACluster, client, is_cluster, nodes
from events.errors import BrokerUnfit


def verify_broker() -> list[str]:
    """Return warnings about a broker that is fit to use. Raises BrokerUnfit for one that would lose events."""
    try:
        return sorted({warning for node in nodes().values() for warning in verify_node(**node)})
    except NotABroker as error:
        raise BrokerUnfit("The program at REDIS_URL is neither Redis nor Valkey: correct the address.") from error
    except NotACluster as error:
        raise BrokerUnfit("REDIS_URL names a cluster, and the server there belongs to none: write redis://…") from error


def verify_node(**node: Any) -> list[str]:
    """Return warnings about a server that is fit to use, a node of a cluster or not. Raises BrokerUnfit."""
    server = client().info("server", **node)
    if server.get("redis_mode", server.get("server_mode")) == "cluster" and not is_cluster():
        raise BrokerUnfit("The server at REDIS_URL is a node of a cluster: write redis+cluster://HOST:PORT,HOST:PORT.")
    kind = server.get("server_name", "redis")
    version = server["valkey_version"] if kind == "valkey" else server["redis_version"]
    oldest = (8, 0, 0) if kind == "valkey" else (7, 0, 15)
    if tuple(int(part) for part in version.split(".")[:3]) < oldest:
        raise BrokerUnfit(f"{kind} {version} is too old: install Redis 7.0.15 or Valkey 8, or a newer one.")
    policy = client().info("memory", **node)["maxmemory_policy"]
    if policy != "noeviction":
        raise BrokerUnfit(f"maxmemory-policy is {policy}: set it to noeviction, or events vanish when memory is full.")
    if not client().info("persistence", **node)["aof_enabled"]:
        return ["The broker keeps no append-only file: a restart loses its streams, and events are published again."]
    return []
