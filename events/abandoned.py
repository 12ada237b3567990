"""Finds consumer groups that nobody reads.

They keep streams from being trimmed, so they are reported, and the database remembers since when (`AbandonedGroup`). A
person can drop one, and `runtime/pruning.py` drops those of other programs after some time.
"""

import logging
import time
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from events import streams
from events.broker import client
from events.clock import database_now
from events.models import AbandonedGroup
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


def is_own(stream: str, group: str) -> bool:
    """Return True for a group of Interlock: of the log, of the dead letters, or of the workers of a work stream."""
    agent = stream.removeprefix(streams.work_stream(""))
    is_of_workers = agent != stream and group == streams.worker_group(agent)
    return is_of_workers or group in (*streams.OWNER_GROUPS, streams.DEAD_LETTERS_GROUP)


def is_still_abandoned(stream: str, group: str) -> bool:
    """Return True if the group is another program's, is there, and is abandoned, as the broker says now."""
    found = next((status for status in streams.groups(stream) if status.name == group), None)
    return found is not None and not is_own(stream, group) and is_abandoned(stream, found)


def watch_groups(names: Iterable[str]) -> None:
    """Look for abandoned groups of these streams: complain of each at most once an hour, and keep its row in step."""
    known = {(row.stream, row.group): row for row in AbandonedGroup.objects.filter(dropped_at=None)}
    found = {(name, group.name): group for name in names for group in streams.groups(name) if is_abandoned(name, group)}
    for (stream, name), group in found.items():
        if time.monotonic() - warned.get(f"{stream} {name}", -WARN_EVERY_SECONDS) >= WARN_EVERY_SECONDS:
            warned[f"{stream} {name}"] = time.monotonic()
            complain(stream, group)
    read_again = [row.pk for key, row in known.items() if key not in found]
    if read_again:
        AbandonedGroup.objects.filter(pk__in=read_again).delete()


def complain(stream: str, group: GroupStatus) -> None:
    """Log that nobody reads the group, and note in its row how much waits for it; the row is made at the first time."""
    AbandonedGroup.objects.update_or_create(
        stream=stream,
        group=group.name,
        dropped_at=None,
        defaults={"pending": group.pending, "lag": group.lag},
        create_defaults={"pending": group.pending, "lag": group.lag, "since": database_now()},
    )
    logger.error(
        "Nobody reads %s as %s: %s entries are not settled and %s not read, so the stream is not trimmed."
        " Start its reader, or: %s streams drop %s",
        *(stream, group.name, group.pending, group.lag, settings.COMMAND, group.name),
    )


def abandoned_since() -> dict[tuple[str, str], datetime]:
    """Return {(stream, group): since when nobody reads it} of the groups that are abandoned now."""
    rows = AbandonedGroup.objects.filter(dropped_at=None)
    return {(stream, group): since for stream, group, since in rows.values_list("stream", "group", "since")}
