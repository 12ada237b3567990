"""Rows stored as columns give every agent the figures that the same rows give one by one, to the last digit."""

import gzip
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.spreadsheets.parquet import frames_of, lines_in, write_frames
from intake.spreadsheets.rows import Row, Rows
from intake.spreadsheets.sheet import MS_PER_MINUTE
from tests.examples import examples
from workers.agents import AGENTS
from workers.agents.figures import MOST_CATEGORIES, RowStats
from workers.agents.recurrence import recurrence_of

FIGURES = ["time_waste_worker", "cost_worker", "friction_worker", "scenario_worker"]

texts = st.sampled_from(["", "Check invoice", "check  invoice", "Call", "Ärger", "Plan 3", "Plan 4"])
categories = st.sampled_from(["", "Ops", "ops", "x" * 120, "Sales"])
durations = st.none() | st.integers(0, 10**9) | st.integers(0, 500).map(lambda minutes: minutes * 60_000)
told = st.fixed_dictionaries(
    {}, optional={"person": st.sampled_from(["Ann", "Bo"]), "started_at": st.just("2026-01-05")}
)
rows = st.lists(st.tuples(texts, categories, durations, told), min_size=1, max_size=60)


def row_of(text: str, category: str, milliseconds: int | None, told: dict[str, Any]) -> tuple[Row, int]:
    """A row with its milliseconds as the reader gives them."""
    minutes = None if milliseconds is None else milliseconds / MS_PER_MINUTE
    row: Row = {"text": text, "category": category, "estimated_minutes": minutes, **told}  # type: ignore[typeddict-item]
    return row, -1 if milliseconds is None else milliseconds


def stored(folder: str, found: list[tuple[Row, int]]) -> Path:
    """The rows as a Parquet file."""
    path = Path(folder) / "rows"
    with path.open("wb") as file:
        write_frames(frames_of(found), file)  # type: ignore[arg-type]
    return path


def results(kept: Rows) -> list[Any]:
    """What each agent of figures says about the rows."""
    context = {"rows": kept, "hourly_rate": 45, "currency": "EUR", "period": "week"}
    specs = [AGENTS[name] for name in FIGURES]
    return [spec.run(spec.input_model.model_validate(context)) for spec in specs]


def sums(kept: Rows) -> tuple[int, int, dict[str, Decimal], Any]:
    """The exact sums over the rows, not rounded, and the recurring tasks."""
    stats = RowStats()
    recurrence = recurrence_of(stats.counting(kept))
    return stats.rows, stats.without_estimate, dict(stats.by_category), recurrence


@given(rows)
@settings(deadline=None, max_examples=examples(60))
def test_agents_say_the_same_about_rows_stored_as_columns(found: list[Any]) -> None:
    listed = [row_of(*row) for row in found]
    with TemporaryDirectory() as folder:
        columns = Rows.from_file(stored(folder, listed), len(listed))
        one_by_one = Rows.of([row for row, _milliseconds in listed])
        assert list(columns) == list(one_by_one)
        assert sums(columns) == sums(one_by_one)
        assert results(columns) == results(one_by_one)


def test_categories_beyond_the_most_are_summed_up_in_the_order_of_the_rows(tmp_path: Path) -> None:
    listed = [row_of("A", f"Team {n % (MOST_CATEGORIES + 9)}", n * 1000, {}) for n in range(2 * MOST_CATEGORIES + 50)]
    columns = Rows.from_file(stored(str(tmp_path), listed), len(listed))
    assert columns.columns is not None
    assert sums(columns) == sums(Rows.of([row for row, _milliseconds in listed]))


@given(rows)
@settings(deadline=None, max_examples=examples(30))
def test_stored_columns_are_turned_into_the_lines_of_before(found: list[Any]) -> None:
    listed = [row_of(*row) for row in found]
    with TemporaryDirectory() as folder:
        documents = [orjson.loads(line) for part in lines_in(stored(folder, listed)) for line in part.splitlines()]
    assert documents == [{key: value for key, value in row.items() if value is not None} for row, _ms in listed]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_rows_that_an_older_version_stored_as_lines_are_still_read(tmp_path: Path, pack: Any) -> None:
    path = tmp_path / "rows"
    path.write_bytes(pack(b'{"text":"Call","category":"Ops","estimated_minutes":5}\n'))
    kept = Rows.from_file(path, 1)
    assert kept.columns is None
    assert [row["estimated_minutes"] for row in kept] == [5]
