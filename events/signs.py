"""Small signs in the broker: which processes live, whether somebody watches, whether the broker is the one it was."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from events.broker import client, key_on_node, node_of, nodes

# A sign of life lasts for this many times RELAY_GRACE_SECONDS: longer than any step of a living process.
SIGN_OF_LIFE_GRACES = 3


def show_life(name: str) -> None:
    """Show that this process lives; the sign lasts for SIGN_OF_LIFE_GRACES times RELAY_GRACE_SECONDS."""
    client().set(life_key(name), 1, px=int(SIGN_OF_LIFE_GRACES * settings.RELAY_GRACE_SECONDS * 1000))


def living(names: Iterable[str]) -> set[str]:
    """Return those of the processes that have shown a sign of life."""
    asked = sorted(names)
    pipe = client().pipeline(transaction=False)
    for name in asked:
        pipe.exists(life_key(name))
    return {name for name, sign in zip(asked, pipe.execute(), strict=True) if sign}


def life_key(name: str) -> str:
    """Return the key of the process's sign of life."""
    return f"{settings.NAMESPACE}:alive:{name}"


def show_watching(*, seconds: float) -> None:
    """Show that somebody watches the log live; the sign lasts for `seconds`."""
    client().set(f"{settings.NAMESPACE}:watched", 1, px=int(seconds * 1000))


def is_watched() -> bool:
    """Return True if somebody watches the log live."""
    return bool(client().exists(f"{settings.NAMESPACE}:watched"))


def signs_of_the_broker() -> dict[str, tuple[str, int]]:
    """Return, for each node of the broker, its run id and a counter in it that this call raises by one.

    A node that has lost its data, or has an older state of it, shows a lower count than before. A broker that is no
    cluster has one node, without a name.
    """
    return {name: (run_id(**node), count_on(name)) for name, node in nodes().items()}


def run_id(**node: Any) -> str:
    """Return the run id of the node's process."""
    return str(client().info("server", **node)["run_id"])


def count_on(name: str) -> int:
    """Raise the counter of the node with this name by one and return it."""
    return int(client().incr(key_on_node(f"{settings.NAMESPACE}:epoch", name)))


def broker_now(stream: str) -> datetime:
    """Return the time by the clock of the node that holds the stream, which gives its entries their ids."""
    seconds, microseconds = client().time(**node_of(stream))
    return datetime.fromtimestamp(seconds + microseconds / 1e6, UTC)
