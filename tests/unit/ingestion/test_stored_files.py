"""A large file is read into Parquet, or into its sums, in the child process: the same rows as one by one."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter  # type: ignore[import-untyped]

from backlog.periods import FACTS, DatesOfRows
from events import artifacts
from intake import rows_kept
from intake.kept_readings import Asked, read_anew
from intake.rows_kept import dates_of
from intake.spreadsheets import child
from intake.spreadsheets.outside import read_rows
from intake.spreadsheets.parquet import rows_in
from intake.spreadsheets.sheet import Unreadable
from intake.spreadsheets.stored import ColumnsFailed, Stored, store_rows
from intake.submitting import read_file
from intake.uploads import ROWS_END, Upload, beside

TODAY = date(2026, 4, 1)
CLEAN = "Task,Category,Duration (min)\n" + "".join(f"Call {n % 50},Team {n % 3},{n % 90}\n" for n in range(1, 4000))
WITH_TOTAL = CLEAN + f"Total,,{sum(n % 90 for n in range(1, 4000))}\n"
RESPELLED = CLEAN.replace("Team 1", "TEAM 1", 30)
DATED = "Date,User,Task,Duration (min)\n" + "".join(
    f"2026-03-{n % 28 + 1:02d},{['Ann', 'Bo'][n % 2]},Call {n % 9},{n % 50}\n" for n in range(1, 900)
)
SPANNED = "Start,End,User,Task\n" + "".join(
    f"2026-03-{n % 28 + 1:02d} 09:{n % 60:02d},2026-03-{n % 28 + 1:02d} 10:{n % 60:02d},Ann,Call\n" for n in range(300)
)


def both_ways(path: Path) -> tuple[Stored, list[Any]]:
    """What is stored of the file; fails unless it is what comes row by row."""
    stored_at = path.with_name("stored")
    with stored_at.open("w+b") as target:
        stored = store_rows(path, target)
    ingested, dates = read_rows(path), DatesOfRows()
    rows = list(dates.watch(ingested))
    assert list(rows_in(stored_at)) == rows
    assert (stored.rows_read, stored.row_warnings, stored.warnings) == (
        ingested.rows_read,
        ingested.row_warnings,
        ingested.warnings,
    )
    assert (stored.columns, stored.reading) == (ingested.columns, ingested.reading)
    assert round(sum(row["estimated_minutes"] or 0 for row in rows) * 60_000) == stored.milliseconds
    assert sum(stored.breakdown.values()) == stored.milliseconds
    assert dates_of(stored).facts(TODAY) == dates.facts(TODAY)
    assert stored.first == rows[:10]
    assert stored.without_duration == sum(row["estimated_minutes"] is None for row in rows)
    sums = store_rows(path, None)
    assert sums == stored
    return stored, rows


@pytest.mark.parametrize("content", [CLEAN, WITH_TOTAL, RESPELLED, DATED, SPANNED])
def test_a_file_is_stored_with_the_rows_and_warnings_that_it_has_row_by_row(tmp_path: Path, content: str) -> None:
    path = tmp_path / "work.csv"
    path.write_text(content)
    stored, rows = both_ways(path)
    assert stored.rows_read == len(rows) > 0


def test_a_workbook_is_stored_too(tmp_path: Path) -> None:
    path = tmp_path / "work.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["Task", "Minutes"])
        for row in range(1, 300):
            sheet.write_row(row, 0, [f"Call {row % 9}", row % 60])
    stored, _rows = both_ways(path)
    assert stored.rows_read == 299


def test_a_file_in_doubt_is_not_stored(tmp_path: Path) -> None:
    path = tmp_path / "work.csv"
    path.write_text(CLEAN.replace(" (min)", ""))
    with (tmp_path / "stored").open("w+b") as target:
        stored = store_rows(path, target)
        assert target.tell() == 0
    assert [doubt.field for doubt in stored.reading.doubts] == ["duration_unit"]
    assert stored.rows_read == 0


def test_a_file_that_cannot_be_read_is_refused_in_the_same_words(tmp_path: Path) -> None:
    path = tmp_path / "work.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(Unreadable) as by_rows:
        list(read_rows(path))
    with pytest.raises(Unreadable) as by_columns:
        store_rows(path, None)
    assert str(by_columns.value) == str(by_rows.value)


def test_what_ends_the_process_early_is_said_and_leaves_the_file_to_the_other_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, broken = tmp_path / "work.csv", tmp_path / "broken.py"
    path.write_text(CLEAN)
    broken.write_text("import os\nos.abort()\n")
    monkeypatch.setattr(child, "__file__", str(broken))
    with pytest.raises(ColumnsFailed, match="ended early"):
        store_rows(path, None)


def test_the_stored_file_holds_milliseconds_and_row_numbers(tmp_path: Path) -> None:
    path = tmp_path / "work.csv"
    path.write_text("Date,User,Task,Category,Minutes\n" + "2026-03-02,Ann,Call,Ops,7.5\n2026-03-03,,Plan,Ops,\n" * 9)
    with (tmp_path / "stored").open("w+b") as target:
        store_rows(path, target)
    first, second = pl.read_parquet(tmp_path / "stored").head(2).to_dicts()
    assert (first["milliseconds"], first["row"], first["started_at"], first["person"]) == (
        450_000,
        2,
        "2026-03-02",
        "Ann",
    )
    assert (second["milliseconds"], second["row"], second["person"]) == (None, 3, None)


@pytest.fixture
def small_events(settings: Any, tmp_path: Path) -> Path:
    """A file whose rows are too many for an event, and a store of artifacts."""
    settings.CLAIM_CHECK_BYTES, settings.ARTIFACTS_DIR = 1000, tmp_path / "artifacts"
    path = tmp_path / "work.csv"
    path.write_text(DATED)
    return path


def test_a_large_file_is_kept_as_parquet_with_the_facts_of_its_dates(small_events: Path) -> None:
    contents = read_file(small_events)
    reference = contents.context["rows_ref"]
    assert (reference["media_type"], reference["rows"]) == (artifacts.PARQUET, 899)
    assert [row["text"] for row in rows_in(artifacts.path_of(reference))][:2] == ["Call 1", "Call 2"]
    assert contents.context[FACTS]["people"] == 2
    assert [path.name for path in artifacts.path_of(reference).parent.iterdir()] == [reference["id"]]


def test_a_large_file_is_kept_as_lines_where_reading_by_columns_fails(
    small_events: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any, **_options: Any) -> Stored:
        raise ColumnsFailed

    monkeypatch.setattr(rows_kept, "store_rows", fail)
    contents = read_file(small_events)
    assert (contents.context["rows_ref"]["media_type"], contents.report["rows_read"]) == (artifacts.NDJSON, 899)
    assert contents.context[FACTS]["people"] == 2


def test_the_preview_of_a_large_file_is_that_of_its_rows(small_events: Path, settings: Any) -> None:
    upload = Upload(small_events, "work.csv", "")
    by_columns = read_anew(upload, "", Asked())
    assert by_columns["context"]["rows_ref"]["media_type"] == artifacts.PARQUET
    assert len(list(rows_in(beside(small_events, ROWS_END)))) == 899
    settings.CLAIM_CHECK_BYTES = 10**6
    row_by_row = read_anew(upload, "", Asked())
    for one in (by_columns, row_by_row):
        one["minutes"] = round(one["minutes"], 6)
        del one["context"]
    assert by_columns == row_by_row
