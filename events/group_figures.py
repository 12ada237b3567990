"""How far each group has read its stream, in two steps of the broker for all groups of all streams."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from events import streams
from events.streams import client, position

# A reader asks for entries every second, so one that has not for this long is not there.
READER_SECONDS = 60.0
# Groups that are told one by one. Everybody who reaches the broker can make groups: the others are left out, the
# shortest first.
MOST_GROUPS = 100


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """One group of a stream: entries not read (None: not known), not settled, readers that ask, age of the oldest."""

    stream: str
    group: str
    lag: int | None
    pending: int
    readers: int
    oldest_seconds: float


def stream_lengths(names: Iterable[str]) -> dict[str, int]:
    """Return {stream: number of its entries}."""
    names = list(names)
    pipe = client().pipeline(transaction=False)
    for name in names:
        pipe.xlen(name)
    return dict(zip(names, pipe.execute(), strict=True))


def group_figures(now: float) -> list[GroupFigures]:
    """Return the figures of all groups; `now` is the broker's time in seconds, which gives entries their ids."""
    names = [*streams.own_streams(), settings.DLQ_STREAM]
    pipe = client().pipeline(transaction=False)
    for name in names:
        pipe.xinfo_groups(name)
    # A stream that does not exist yet answers with an error, and has no group.
    replies = [reply if isinstance(reply, list) else [] for reply in pipe.execute(raise_on_error=False)]
    groups = [(name, group) for name, reply in zip(names, replies, strict=True) for group in reply]
    groups = sorted(groups, key=lambda found: waiting(found[1]), reverse=True)[:MOST_GROUPS]
    pipe = client().pipeline(transaction=False)
    for name, group in groups:
        pipe.xinfo_consumers(name, group["name"])
        pipe.xpending(name, group["name"])
        pipe.xrange(name, min=b"(" + group["last-delivered-id"], count=1)
    answers = pipe.execute(raise_on_error=False)
    parts = [answers[number : number + 3] for number in range(0, len(answers), 3)]
    return [figures_of(name, group, part, now) for (name, group), part in zip(groups, parts, strict=True)]


def waiting(group: dict[str, Any]) -> int:
    """Return the number of entries that the group has not settled."""
    return int(group["pending"]) + int(group.get("lag") or 0)


def figures_of(stream: str, group: dict[str, Any], answers: list[Any], now: float) -> GroupFigures:
    """Return the figures of a group from the answers about its readers, its pending entries and its next entry."""
    readers, pending, unread = (answer if isinstance(answer, (list, dict)) else [] for answer in answers)
    first = [pending["min"]] if isinstance(pending, dict) and pending["min"] else []
    ids = [*first, *(entry_id for entry_id, _fields in unread)]
    written = min((position(entry_id.decode())[0] / 1000 for entry_id in ids), default=now)
    return GroupFigures(
        stream=stream,
        group=group["name"].decode(errors="replace"),
        lag=group.get("lag"),
        pending=int(group["pending"]),
        readers=sum(reader["idle"] < READER_SECONDS * 1000 for reader in readers),
        oldest_seconds=max(now - written, 0.0),
    )
