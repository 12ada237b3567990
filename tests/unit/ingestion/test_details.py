"""What a row tells beside its task and duration."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from intake.inspection import inspect_file
from intake.spreadsheets.outside import read_rows
from tests.readings import read_text, read_workbook

LOG = "Case,Task,Employee,Start,End\n7,Pay,Ann,{start},{end}\n7,Post,Ben,{start},{end}\n8,Pay,,{start},{end}\n"


def test_a_row_tells_when_it_was_who_did_it_its_case_and_its_number() -> None:
    first, _second, third = read_text(LOG.format(start="2026-01-05 09:00", end="2026-01-05 10:30")).rows
    moments = {"started_at": "2026-01-05T09:00:00", "ended_at": "2026-01-05T10:30:00"}
    task = {"text": "Pay", "category": "", "estimated_minutes": 90}
    assert first == {**task, **moments, "row": 2, "person": "Ann", "case": "7"}
    assert "person" not in third
    assert third["row"] == 4


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2026-01-05T09:00:00.250+01:00", "2026-01-05T09:00:00.250+01:00"),
        ("2026-01-05 09:00:00-03:30", "2026-01-05T09:00:00-03:30"),
        ("2026-01-05T09:00:00Z", "2026-01-05T09:00:00Z"),
        ("2026-01-05 09:00:00 UTC", "2026-01-05T09:00:00+00:00"),
        ("2026-01-05T9:00 pm", "2026-01-05T21:00:00"),
        ("5 January 2026 9:00", "2026-01-05T09:00:00"),
        ("1767603600", "2026-01-05T09:00:00+00:00"),
    ],
)
def test_a_moment_keeps_the_offset_that_it_names(cell: str, moment: str) -> None:
    rows = read_text(f"Task,Start,Minutes\nPay,{cell},5\nPost,{cell},5\n").rows
    assert [row["started_at"] for row in rows] == [moment, moment]


def test_a_moment_is_written_in_the_order_of_day_and_month_that_the_dates_prove() -> None:
    rows = read_text("Task,Date,Minutes\nPay,3/4/2026,5\nPost,25/4/2026,5\n").rows
    assert [row["started_at"] for row in rows] == ["2026-04-03", "2026-04-25"]
    rows = read_text("Task,Date,Minutes\nPay,3/4/2026,5\nPost,4/25/2026,5\n").rows
    assert [row["started_at"] for row in rows] == ["2026-03-04", "2026-04-25"]


def test_a_start_and_an_end_of_days_are_dates_alone() -> None:
    read = read_text("Task,Start date,End date,Hours\nPay,2026-01-05,2026-01-07,5\nPost,2026-01-08,2026-01-08,5\n")
    assert [(row["started_at"], row["ended_at"]) for row in read.rows] == [
        ("2026-01-05", "2026-01-07"),
        ("2026-01-08", "2026-01-08"),
    ]
    assert read.durations == [300, 300]
    assert not read.messages


def test_an_end_after_midnight_is_on_the_next_day() -> None:
    (row,) = read_text("Task,Date,Start,End\nWatch,2026-01-05,22:00,02:00\n").rows
    assert (row["started_at"], row["ended_at"]) == ("2026-01-05T22:00:00", "2026-01-06T02:00:00")


def test_a_time_of_day_without_a_date_is_no_moment() -> None:
    (row,) = read_text("Task,Start,End\nWatch,22:00,23:00\n").rows
    assert row["estimated_minutes"] == 60
    assert not {"started_at", "ended_at"} & row.keys()


def test_the_dates_of_a_workbook_are_moments_too() -> None:
    shown = "yyyy-mm-dd hh:mm"
    start, end = (datetime(2026, 1, 5, hour, 30) for hour in (9, 10))
    lines: list[list[Any]] = [["Task", "User", "Start", "End"], ["Pay", "Ann", (start, shown), (end, shown)]]
    (row,) = read_workbook({"Work": lines}).rows
    assert (row["started_at"], row["ended_at"]) == ("2026-01-05T09:30:00", "2026-01-05T10:30:00")
    assert (row["person"], row["row"]) == ("Ann", 2)


def test_the_timestamp_of_a_process_log_is_when_the_row_began() -> None:
    read = read_text("Case ID,Activity,Timestamp\n1,Check,2026-01-05 09:00:00\n1,Pay,2026-01-05 11:00:00\n")
    assert [row["started_at"] for row in read.rows] == ["2026-01-05T09:00:00", "2026-01-05T11:00:00"]


def test_a_case_that_only_repeats_the_task_is_no_case() -> None:
    read = read_text("Case,Task,Minutes\nPay,Pay,5\nPost,Post,5\n")
    assert all("case" not in row for row in read.rows)
    assert "case" not in read.table.reading.columns


def test_a_person_that_only_repeats_the_task_is_no_person() -> None:
    read = read_text("Worker,Task,Minutes\nPay,Pay,5\nPost,Post,5\n")
    assert all("person" not in row for row in read.rows)
    assert "person" not in read.table.reading.columns


def test_an_empty_column_of_people_gives_way_to_a_filled_one() -> None:
    rows = read_text("User,Assignee,Task,Minutes\n,Ann,Pay,5\n,Ben,Post,5\n").rows
    assert [row["person"] for row in rows] == ["Ann", "Ben"]


def test_of_several_cases_the_one_that_comes_again_is_taken() -> None:
    rows = read_text("Worklog ID,Issue key,Task,Minutes\n1,A-7,Pay,5\n2,A-7,Post,5\n").rows
    assert [row["case"] for row in rows] == ["A-7", "A-7"]


def test_the_reading_process_tells_the_same_as_the_table(tmp_path: Path) -> None:
    text = LOG.format(start="2026-01-05T09:00:00+01:00", end="2026-01-05T10:30:00+01:00")
    (path := tmp_path / "log.csv").write_text(text)
    assert list(read_rows(path)) == read_text(text).rows


def test_an_inspection_names_the_columns_of_every_detail(tmp_path: Path) -> None:
    (path := tmp_path / "log.csv").write_text(LOG.format(start="2026-01-05 09:00", end="2026-01-05 10:30"))
    columns = inspect_file(path).as_json()["columns"]
    named = {role: columns[role]["header"] for role in ("start", "end", "person", "case")}
    assert named == {"start": "Start", "end": "End", "person": "Employee", "case": "Case"}


def test_an_inspection_tells_the_period_that_the_dates_cover(tmp_path: Path) -> None:
    (path := tmp_path / "log.csv").write_text(LOG.format(start="2026-01-05 09:00", end="2026-01-05 10:30"))
    told = inspect_file(path).as_json()
    assert (told["period"]["first"], told["period"]["days"], told["period"]["people"]) == ("2026-01-05", 1, 2)
    assert told["period_doubts"] == []
    path.write_text("Task,Minutes\nPay,5\n")
    told = inspect_file(path).as_json()
    assert (told["period"], told["period_doubts"]) == (None, ["The rows have no dates"])
