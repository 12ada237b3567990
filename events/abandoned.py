"""Consumer groups that nobody reads: their streams are not trimmed, so they are found, told of and dropped."""

import logging
import time
from collections.abc import Iterable

from events import streams
from events.streams import GroupStatus, client

logger = logging.getLogger(__name__)

# A group that has asked for nothing for so long is taken for abandoned.
ABANDONED_SECONDS = 600
# Each is complained of this often.
WARN_EVERY_SECONDS = 3600.0
warned: dict[str, float] = {}


def idle_seconds(stream: str, group: str) -> float | None:
    """Seconds since any consumer of the group asked for entries; None when it has no consumer."""
    idle = [consumer["idle"] for consumer in client().xinfo_consumers(stream, group)]
    return min(idle) / 1000 if idle else None


def is_abandoned(stream: str, group: GroupStatus) -> bool:
    """Return True if entries wait for the group and nobody has asked for any in a long time: it stops the trimming."""
    if not (group.pending or group.lag):
        return False
    idle = idle_seconds(stream, group.name)
    return idle is None or idle > ABANDONED_SECONDS


def drop_group(stream: str, group: str) -> bool:
    """Remove the group from the stream, with what waited for it; False when it is not there."""
    return bool(client().xgroup_destroy(stream, group))


def complain(names: Iterable[str]) -> None:
    """Say in the log, once an hour for each, which groups nobody reads: their streams grow until they are dropped."""
    for name in names:
        for group in streams.groups(name):
            key = f"{name} {group.name}"
            due = time.monotonic() - warned.get(key, -WARN_EVERY_SECONDS) >= WARN_EVERY_SECONDS
            if due and is_abandoned(name, group):
                warned[key] = time.monotonic()
                logger.error(
                    "Nobody reads %s as %s: %s entries are not settled and %s not read, so the stream is not trimmed."
                    " Start its reader, or: manage.py streams drop %s",
                    *(name, group.name, group.pending, group.lag, group.name),
                )
