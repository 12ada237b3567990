"""What others do to the streams: put entries twice, in another order, or such that nobody can read them."""

import random
import time
from typing import Any
from uuid import uuid4

import orjson
from django.conf import settings

from events import streams
from events.partitions import log_streams
from tests.flows import envelope, request

# Entries of the log from which some are put again.
RECENT = 400
MOST_AGAIN = 40


def put_again(chance: random.Random, *, in_order: bool) -> int:
    """Put some recent entries of the log on it again, one to three times each, but no poison; return how many."""
    found = {name: streams.client().xrevrange(name, count=RECENT) for name in log_streams()}
    recent = [(at, name, f) for name, entries in found.items() for at, f in entries if b"mark" not in f]
    chosen = chance.sample(recent, min(MOST_AGAIN, len(recent)))
    chosen.sort(key=lambda entry: streams.position(entry[0].decode()), reverse=not in_order)
    again = [(name, fields) for _, name, fields in chosen for _ in range(chance.randint(1, 3))]
    if not in_order:
        chance.shuffle(again)
    pipe = streams.client().pipeline(transaction=False)
    for name, fields in again:
        pipe.xadd(name, fields)
    pipe.execute()
    return len(again)


class Poison:
    """What was put on the log for nobody to understand; each entry carries a mark of its own."""

    def __init__(self) -> None:
        self.marks: dict[str, float] = {}

    def note(self, mark: str, at: float) -> None:
        """Remember when the entry with this mark was put."""
        self.marks[mark] = at


poison = Poison()


def put_poison(chance: random.Random) -> None:
    """Put one entry of each kind of poison on the log."""
    kinds = poisonous()
    chance.shuffle(kinds)
    for event in kinds:
        mark = uuid4().hex
        poison.note(mark, time.monotonic())
        streams.client().xadd(settings.STREAM_NAME, {"event": event, "mark": mark})


def poisonous() -> list[bytes]:
    """Return an event of each kind that no consumer can handle."""
    good = orjson.dumps(request())
    return [
        b"",
        b"not JSON",
        b"\xff\xfe\x00",
        good[: len(good) // 2],
        good.replace(b"Find out", b"\\u0000"),
        good.replace(b"Find out", b"\\ud800"),
        good.replace(b'"event_version":1', b'"event_version":1e400'),
        good.replace(b'"event_version":1', b'"event_version":99'),
        b"[" * 100_000,
        *map(orjson.dumps, wrong_events()),
    ]


def wrong_events() -> list[dict[str, Any]]:
    """Return events whose form is good and whose content is not."""
    nobody = {"project_id": str(uuid4()), "backlog_item_id": str(uuid4())}
    return [
        envelope("NO.SUCH_TYPE", {}),
        envelope("WORK.ITEM_COMPLETED", {**nobody, "evidence": {}}),
        envelope("WORK.ITEM_DISPATCHED", nobody),
        request("no-such-template"),
        request(surplus=1),
    ]
