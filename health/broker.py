"""Checks of the broker: does it answer and take writes, does somebody read each group, and how long do entries wait?"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from django.conf import settings

from events import abandoned, signs, streams
from events.broker import client, nodes
from events.partitions import log_streams
from events.streams import GroupStatus
from health.watch import Check, Finding, Source, one_line

# Of its memory the broker may use this part before it is told.
FULL_PART = 0.9
# A reader asks again after a second, or renews what it holds; one that has not for so long has ended or hangs.
SILENT_SECONDS = 30.0
# Names of streams are looked up by a scan over all keys: seldom, since new ones come with new agents only.
NAMES_SECONDS = 30.0
NAME = "health"


class Streams:
    """The names of the streams, which are looked up every NAMES_SECONDS."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.until = 0.0

    def current(self) -> list[str]:
        """Return the names of the log's streams, of the work streams, and of the dead-letter stream."""
        if time.monotonic() > self.until:
            self.names = [*streams.own_streams(), settings.DLQ_STREAM]
            self.until = time.monotonic() + NAMES_SECONDS
        return self.names


names = Streams()


class Groups:
    """The groups of all streams, read once for a look."""

    @cached_property
    def all(self) -> list[tuple[str, GroupStatus]]:
        """Return (stream, status) of each group."""
        return [(stream, group) for stream in names.current() for group in streams.groups(stream)]


@contextmanager
def connect() -> Iterator[Groups]:
    """Yield what the checks ask; the client of this process connects by itself."""
    yield Groups()


def away_in_words(error: Exception) -> str:
    """Return what is wrong where the broker does not answer."""
    if settings.EMBEDDED_BROKER:
        return f"The embedded broker does not answer. It runs with the system: {settings.COMMAND} up"
    return f"The broker does not answer ({one_line(error)}). Is it running where REDIS_URL or REDIS_HOST says?"


def answers(_groups: Any) -> Finding:
    """Find out whether the broker answers and takes writes."""
    streams.require_reachable()
    used, most = memory()
    figures = {"used_bytes": used, "most_bytes": most}
    try:
        signs.show_life(NAME)
    except streams.BROKER_ERRORS as error:
        words = (
            f"The broker answers and takes no writes ({one_line(error)}). Give it memory or room on its disk;"
            " until then events wait in the database."
        )
        return Finding(False, words, figures)
    if most and used > FULL_PART * most:
        words = f"The broker uses {used / most:.0%} of its memory. Raise maxmemory, or see which group does not read."
        return Finding(False, words, figures)
    return Finding(True, "", figures)


def memory() -> tuple[int, int]:
    """Return (used, most) bytes of the node that is fullest; most is 0 where there is no limit."""
    reports = [client().info("memory", **node) for node in nodes().values()]
    pairs = [(int(report["used_memory"]), int(report.get("maxmemory", 0))) for report in reports]
    return max(pairs, key=lambda pair: pair[0] / pair[1] if pair[1] else 0.0)


def readers(groups: Groups) -> Finding:
    """Find out whether somebody reads each group of Interlock's own, and each other one for which entries wait."""
    present = {(stream, group.name) for stream, group in groups.all}
    missing = [pair for pair in own_groups() if pair not in present]
    silent = [(stream, group.name) for stream, group in groups.all if is_silent(stream, group)]
    unread = [f"{group} of {stream}" for stream, group in [*missing, *silent]]
    words = (
        f"Nobody reads {', '.join(unread[:10])}. Start the process that does ({settings.COMMAND} consume, work, or up),"
        f" or end a group that is not needed: {settings.COMMAND} streams drop GROUP"
    )
    return Finding(not unread, words if unread else "", {"unread": unread})


def own_groups() -> list[tuple[str, str]]:
    """Return (stream, group) of those that Interlock itself needs."""
    log = [(stream, group) for stream in log_streams() for group in streams.OWNER_GROUPS]
    return [*log, (settings.DLQ_STREAM, streams.DEAD_LETTERS_GROUP)]


def is_silent(stream: str, group: GroupStatus) -> bool:
    """Return True if no consumer of the group asks for entries; agents without work may be away."""
    if (stream, group.name) not in own_groups() and not (group.pending or group.lag):
        return False
    idle = abandoned.idle_seconds(stream, group.name)
    return idle is None or idle > max(SILENT_SECONDS, settings.RECLAIM_IDLE_SECONDS)


def lag(groups: Groups) -> Finding:
    """Find out how long the oldest entry has waited that a group has not read."""
    figures = {
        f"{group.name} of {stream}": {
            "not_read": group.lag,
            "not_settled": group.pending,
            "waits_seconds": round(waited(stream, group), 1) if group.lag != 0 else 0.0,
        }
        for stream, group in groups.all
    }
    late = [name for name, one in figures.items() if (one["waits_seconds"] or 0) > settings.HEALTH.lag_seconds]
    words = (
        f"Events have waited more than {settings.HEALTH.lag_seconds:.0f} s for {', '.join(late[:10])}. Start more"
        " processes of that kind, and see in their logs whether something fails again and again."
    )
    return Finding(not late, words if late else "", figures)


def waited(stream: str, group: GroupStatus) -> float:
    """Return for how many seconds the first entry that the group has not read is in the stream; 0 if there is none."""
    first = client().xrange(stream, min=f"({group.last_delivered}", count=1)
    if not first:
        return 0.0
    written = streams.position(first[0][0].decode())[0] / 1000
    return max(0.0, signs.broker_now(stream).timestamp() - written)


def broker_source(*, thoroughly: bool) -> Source:
    """Return the broker as a source; without `thoroughly` only whether it answers."""
    more = [Check("readers", readers), Check("lag", lag)] if thoroughly else []
    return Source("broker", [Check("broker", answers), *more], connect=connect, away=away_in_words)
