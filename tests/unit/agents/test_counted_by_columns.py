"""The tally and the hours by week of stored rows are those of the same rows one by one, to the last digit."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.spreadsheets.parquet import StoredColumns
from intake.spreadsheets.rows import Row, Rows
from tests.examples import examples
from tests.unit.agents.test_stored_columns import categories, durations, row_of, stored
from workers.agents.analysis import stored as by_columns
from workers.agents.analysis import tally as one_by_one
from workers.agents.analysis.forms import form_of
from workers.agents.analysis.shapes import shape_of
from workers.agents.analysis.tally import RowTally, counted
from workers.agents.analysis.weeks import WeekFacts
from workers.agents.recount import Recount

# Numbers of all kinds, alone and joined, with what could make one of another kind.
WORDS = st.sampled_from(
    ["Check", "invoice", "1", "7", "42", "471", "1999", "2026", "4711", "123456", "0", "000", "2000", "INV-4711", "B2B"]
    + ["INV4711", "INV2026", "#4711", "(4711)", "A/4711,", "4711:", "x-2026", "KW12", "q417", "A.123.", "4711/12"]
    + ["Mr", "Müller", "Monday", "No", "on", "1:1", "12.3.2024", "4711-3", "\u0661\u0662", "", "\n", "№", "é\u0301"]
)
TEXTS = st.lists(WORDS, max_size=7).map(" ".join)
TOLD_MOMENTS = """
2026-01-05,2026-01-05T09:10,2026-01-05 09:10:59,2026-01-05T23:59:59.999,2026-02-30,2026-01-05T24:00,2026-1-5 9:05,
2026-01-05T08:10:00+02:00,2026-01-05T08:10Z,1899-12-31T10:00,2200-01-01,1900-01-01T00:05,2026-03-29T02:30:00,2026-W03-1,
noon,2026-01-04T10:30:00.250,2026-01-06T09:00:00,2199-12-31T23:00,2026-01-05T09:10:60
"""
MOMENTS = st.sampled_from([moment.strip() for moment in TOLD_MOMENTS.split(",")] + [""])
NAMES = st.sampled_from(["", "Ann", "Bo", "Çelik"])
TOLD = st.fixed_dictionaries({}, optional={"person": NAMES, "case": NAMES, "started_at": MOMENTS, "ended_at": MOMENTS})
LONG_DURATIONS = durations | st.integers(0, 600_000_000_000)
ROWS = st.lists(st.tuples(TEXTS.map(str.strip), categories, LONG_DURATIONS, TOLD), min_size=1, max_size=50)


def both(found: list[Any], folder: str) -> tuple[Rows, Rows]:
    """The rows as columns, and one by one."""
    listed = [row_of(*row) for row in found]
    rows: list[Row] = [row for row, _milliseconds in listed]
    return Rows.from_file(stored(folder, listed), len(listed)), Rows.of(rows)


def without_drawn(tally: RowTally) -> Any:
    """All that the tally counted, with its bits of people, if both ways keep it."""
    people = [text.people for text in tally.texts] if tally.tells_people else None
    return {**vars(tally), "drawn": None}, people


@given(ROWS, st.booleans(), st.sampled_from([3, by_columns.BATCH_ROWS]))
@settings(deadline=None, max_examples=examples(150))
def test_the_tally_by_columns_is_that_of_the_rows_one_by_one(found: list[Any], with_steps: bool, batch: int) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for limit in ("BATCH_ROWS", "MOST_WAITING"):
            patch.setattr(by_columns, limit, batch)
        columns, rows = both(found, folder)
        assert columns.columns is not None
        expected = without_drawn(counted(rows, with_steps=with_steps))
        assert without_drawn(by_columns.tally_of(columns.columns, with_steps=with_steps)) == expected


@given(ROWS)
@settings(deadline=None, max_examples=examples(150))
def test_the_hours_by_columns_are_those_of_the_rows_one_by_one(found: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        columns, rows = both(found, folder)
        facts, expected = WeekFacts(), WeekFacts()
        assert facts.counting(columns) is columns
        assert sum(1 for _ in expected.counting(rows)) == len(found)
    assert facts == expected


@given(ROWS)
@settings(deadline=None, max_examples=examples(100))
def test_the_recount_by_columns_is_that_of_the_rows_one_by_one(found: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        columns, rows = both(found, folder)
        recount, expected = Recount(), Recount()
        assert recount.counting(columns) is columns
        assert sum(1 for _ in expected.counting(rows)) == len(found)
    assert recount == expected


@given(ROWS, st.randoms())
@settings(deadline=None, max_examples=examples(50))
def test_the_order_of_the_rows_does_not_change_the_sums(found: list[Any], generator: Any) -> None:
    def sums(tally: RowTally) -> Any:
        texts = sorted((t.shape, t.category, t.first, t.count, t.milliseconds, t.squares) for t in tally.texts)
        return texts, tally.by_shape, tally.repeated_rows, tally.short_milliseconds, tally.squares, len(tally.steps)

    with TemporaryDirectory() as folder, TemporaryDirectory() as other:
        first, second = (
            by_columns.tally_of(StoredColumns(stored(place, [row_of(*row) for row in rows])))
            for place, rows in ((folder, found), (other, generator.sample(found, len(found))))
        )
    assert sums(first) == sums(second)


@pytest.mark.parametrize("limit", ["MOST_STEPS", "MOST_CASES"])
def test_with_too_many_rows_to_keep_both_ways_keep_none(
    limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (one_by_one, by_columns):
        monkeypatch.setattr(module, limit, 20)
    told = {"started_at": "2026-01-05T09:00", "ended_at": "2026-01-05T10:00"}
    found = [("Call", "", None, {**told, "case": f"C{number}"}) for number in range(22)]
    columns, rows = both(found, str(tmp_path))
    assert columns.columns is not None
    tally = by_columns.tally_of(columns.columns)
    assert tally.limited
    assert without_drawn(tally) == without_drawn(counted(rows))


@given(TEXTS)
def test_a_text_has_the_form_of_its_shape(text: str) -> None:
    assert form_of(shape_of(text)) == form_of(text)
    assert shape_of(shape_of(text)) == shape_of(text)
