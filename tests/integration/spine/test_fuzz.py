"""Whatever is put on the streams, no consumer ends, and good entries beside it are handled.

FUZZ_EVENTS=20000 asks for the full profile. The seed is printed where a test fails.
"""

import json
import os
import random
from collections.abc import Iterator
from copy import deepcopy
from itertools import count
from typing import Any

import orjson
import pytest

from backlog.consumers import DeadLettersConsumer, OrchestratorConsumer
from backlog.models import Project
from clarifications.consumers import ClarificationsConsumer
from events.consumers import ValidatorConsumer, Verdicts
from events.errors import PermanentError
from events.streams import Entry
from schemas.registry import registry
from tests.flows import completed, dispatch_of, envelope, failed, opened, reply, request, step

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db(transaction=True)]

EVENTS = int(os.environ.get("FUZZ_EVENTS", "400"))
BATCH = 20
ODD: list[Any] = [
    *(None, True, 0, -1, 1e308, 2**70, "", "\x00", "z" * 70_000, "‮", [], {}, [[[]]], {"": {}}, "2026-13-45T99:99:99Z"),
    *("0" * 36, "00000000-0000-0000-0000-000000000000", "../../etc", "' OR 1=1 --", ["a"] * 500, {"$ref": "http://x"}),
]


def seeds() -> list[dict[str, Any]]:
    """Events to begin with: good ones, and one of each type with nothing in it."""
    dispatch = dispatch_of(opened(step("only")))
    said = [completed(dispatch, a=1), failed(dispatch), reply(dispatch, "WORK.ITEM_STARTED"), request()]
    return [*said, *(envelope(kind, dict(dispatch["payload"])) for kind in registry().event_types())]


def mutated(chance: random.Random, event: dict[str, Any]) -> bytes:
    """The event with something changed in it, as bytes; sometimes the bytes are changed too."""
    changed = orjson.loads(orjson.dumps(event))
    for _ in range(chance.randint(1, 3)):
        where = chance.choice([changed, changed["payload"]] if isinstance(changed.get("payload"), dict) else [changed])
        key = chance.choice([*where, "surplus"])
        if chance.random() < 0.2:
            where.pop(key, None)
        else:
            where[key] = deepcopy(chance.choice(ODD))
    raw = bytearray(json.dumps(changed).encode())
    if chance.random() < 0.15:
        for _ in range(chance.randint(1, 8)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
    return bytes(raw[: chance.randrange(len(raw))] if chance.random() < 0.05 else raw)


def judged(numbers: Iterator[int], raws: list[bytes]) -> Iterator[Verdicts]:
    """What each consumer group says of the entries; nothing but a verdict may come out."""
    ids = [f"{next(numbers)}-7" for _ in raws]
    log = [Entry("audit:events", entry_id, {b"event": raw}) for entry_id, raw in zip(ids, raws, strict=True)]
    for consumer in (OrchestratorConsumer(), ClarificationsConsumer(), ValidatorConsumer()):
        yield consumer.handle(log)
    letters = [Entry("audit:dlq", entry_id, {b"dlq": raw}) for entry_id, raw in zip(ids, raws, strict=True)]
    yield DeadLettersConsumer().handle(letters)


@pytest.mark.timeout(300 + EVENTS)
@pytest.mark.parametrize("seed", [random.randrange(10**6)])
def test_no_entry_ends_a_consumer_or_costs_its_neighbours_anything(broker: None, seed: int) -> None:
    chance, numbers = random.Random(seed), count(1)
    begin = seeds()
    for _ in range(0, EVENTS, BATCH):
        good = request()
        bad = [mutated(chance, chance.choice(begin)) for _ in range(BATCH)]
        for verdicts in judged(numbers, [*bad, orjson.dumps(good)]):
            errors = [error for error in verdicts.values() if error is not None]
            assert [error for error in errors if not isinstance(error, PermanentError)] == [], seed
        assert Project.objects.filter(pk=good["payload"]["project_id"]).exists(), seed
