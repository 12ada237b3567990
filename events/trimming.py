"""Deletes stream entries that nobody needs any more."""

from datetime import datetime, timedelta

from django.conf import settings

from events import abandoned, signs, streams
from events.clock import database_now
from events.lost_dispatches import oldest_open_dispatch
from events.partitions import is_log

# An entry is named by the broker's time, and a dispatch is recorded with the database's. Their difference is measured;
# it may have been another one when the dispatch was published, up to this.
LARGEST_DRIFT = timedelta(minutes=1)


def trim_streams() -> dict[str, int]:
    """Delete entries that every group has settled and no open dispatch needs; return {stream: entries deleted}.

    A worker may begin to read the log later, so the log keeps everything since the oldest dispatch that nobody has
    begun. A work stream without any group is read by nobody: it keeps as much. A dead letter is in the database by
    then: ours before it is published, those of other programs once they are settled.

    The bounds are read first, the open dispatches afterwards: entries that are published in between lie behind both.
    Before them it is read which streams have no group: a worker may make one meanwhile, and has read nothing yet.
    """
    own = streams.own_streams()
    unread = {name for name in own if not streams.groups(name)}
    settled = {name: streams.settled_up_to(name) for name in [*own, settings.DLQ_STREAM]}
    abandoned.watch_groups(settled)
    bounds = {name: [bound] for name, bound in settled.items() if bound is not None}
    if oldest := oldest_open_dispatch():
        for name in bounds.keys() & {name for name in own if is_log(name) or name in unread}:
            bounds[name].append(position_at(oldest, name))
    return {name: drop_before_all(name, bounds.get(name, [])) for name in settled}


def drop_before_all(stream: str, bounds: list[str]) -> int:
    """Delete the entries before the earliest of the bounds, and none if there is no bound; return how many."""
    return streams.drop_before(stream, min(bounds, key=streams.position)) if bounds else 0


def position_at(recorded_at: datetime, stream: str) -> str:
    """Return a position of the stream before which no event stands that was recorded at this time or later."""
    difference = signs.broker_now(stream) - database_now()
    return f"{int((recorded_at + difference - LARGEST_DRIFT).timestamp() * 1000)}-0"
