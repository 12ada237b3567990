"""Rows, inline and stored."""

import gzip
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from intake.spreadsheets.rows import Rows

TASK = {"text": "Pay", "category": "Payables", "estimated_minutes": 5.0}


def test_rows_of_others_are_read_as_ours() -> None:
    foreign = [
        {"text": " Pay ", "estimated_minutes": "5", "more": 1},
        {"category": None},
        {"text": 7, "category": 8},
        "Call",
    ]
    assert list(Rows.of(foreign)) == [
        {"text": "Pay", "category": "", "estimated_minutes": 5.0},
        {"text": "", "category": "", "estimated_minutes": None},
        {"text": "7", "category": "8", "estimated_minutes": None},
        {"text": "Call", "category": "", "estimated_minutes": None},
    ]


@pytest.mark.parametrize(
    "minutes", [-1, float("nan"), float("inf"), True, "soon", "1e400", 10**400, 10_000_001, [], {}]
)
def test_minutes_that_are_none_count_as_no_estimate(minutes: object) -> None:
    assert [row["estimated_minutes"] for row in Rows.of([{"estimated_minutes": minutes}])] == [None]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_stored_rows_are_read_as_often_as_wanted(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "rows"
    path.write_bytes(pack(orjson.dumps(TASK) + b"\n" + orjson.dumps(TASK) + b"\n"))
    rows = Rows.from_ndjson(path, 2)
    assert list(rows) == list(rows) == [TASK, TASK]


def test_each_tenth_of_many_rows_is_told_once() -> None:
    told: list[tuple[int, int]] = []
    rows = Rows.of([TASK] * 10_001).with_watcher(lambda done, total: told.append((done, total)))
    assert len(list(rows)) == len(list(rows)) == 10_001
    assert [10 * done // total for done, total in told] == list(range(1, 11))
    assert told[-1] == (10_001, 10_001)


def test_few_rows_are_read_in_silence() -> None:
    told: list[int] = []
    list(Rows.of([TASK] * 9_999).with_watcher(lambda done, total: told.append(done)))
    assert told == []
