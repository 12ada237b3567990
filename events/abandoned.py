"""Finds consumer groups that nobody reads.

They keep streams from being trimmed, so they are reported and can be dropped.
"""

import logging
import time
from collections.abc import Iterable

from events import streams
from events.broker import client
from events.streams import GroupStatus

logger = logging.getLogger(__name__)

# Seconds without a request for entries after which a group counts as abandoned.
ABANDONED_SECONDS = 600
# Seconds between two log lines about the same group.
WARN_EVERY_SECONDS = 3600.0
warned: dict[str, float] = {}


def idle_seconds(stream: str, group: str) -> float | None:
    """Return the seconds since any consumer of the group asked for entries; None if the group has no consumer."""
    idle = [consumer["idle"] for consumer in client().xinfo_consumers(stream, group)]
    return min(idle) / 1000 if idle else None


def is_abandoned(stream: str, group: GroupStatus) -> bool:
    """Return True if entries wait for the group and no consumer has asked for entries for ABANDONED_SECONDS."""
    if not (group.pending or group.lag):
        return False
    idle = idle_seconds(stream, group.name)
    return idle is None or idle > ABANDONED_SECONDS


def drop_group(stream: str, group: str) -> bool:
    """Remove the group and its waiting entries from the stream; return False if there is no such group."""
    return bool(client().xgroup_destroy(stream, group))


def warn_about_abandoned(names: Iterable[str]) -> None:
    """Log an error for each abandoned group of these streams, at most once an hour for each group."""
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
