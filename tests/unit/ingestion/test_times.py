"""Durations from start to end: dates and times in one or two columns, midnight, clock changes, breaks, overlaps."""

import pytest

from intake.spreadsheets.moments import Moment, moment_of_text
from tests.readings import read_text, read_workbook


@pytest.mark.parametrize(
    ("header", "row", "minutes"),
    [
        ("Task,Start,End", "A,2026-01-05 09:00,2026-01-05 10:30", 90),
        ("Task,Start,End", "A,2026-01-05T09:00:00+01:00,2026-01-05T09:00:00Z", 60),
        ("Task,Start,End", "A,1/5/2026 11:00 PM,1/6/2026 12:30 AM", 90),
        ("Task,Start,End", "A,05.01.2026 23:00,06.01.2026 00:30", 90),
        ("Task,Start,End", 'A,"Mar 5, 2026, 9:00 AM","Mar 5, 2026, 10:30 AM"', 90),
        ("Task,Start,End", "A,5. März 2026 09:00,5. März 2026 10:30", 90),
        ("Task,Start,End", "A,01-Aug-2026 09:00:00,01-Aug-2026 10:30:00", 90),
        ("Task,Start,End", "A,1767603600000,1767609000000", 90),
        ("Task,Start,End", "A,46027.375,46027.4375", 90),
        ("Date,Task,From,To", "2026-01-05,A,22:30,24:00", 90),
        ("Description,Start Date,Start Time,End Date,End Time", "A,2026-07-02,22:00,2026-07-03,00:45", 165),
        ("Tätigkeit,Datum,Von,Bis", "A,05.01.2026,08:00,09:30", 90),
        ("Tâche,Heure de début,Heure de fin", "A,9h00,10h30", 90),
    ],
)
def test_the_duration_is_the_time_from_start_to_end(header: str, row: str, minutes: float) -> None:
    read = read_text(f"{header}\n{row}\n")
    assert read.durations == [minutes]
    assert "time from start to end" in read.messages


def test_times_of_a_workbook_are_used_too() -> None:
    time, day = "hh:mm", "yyyy-mm-dd"
    lines = [["Date", "Task", "Start", "End"], [(46027, day), "A", (0.375, time), (0.4375, time)]]
    lines.append([(46027, day), "B", (22 / 24, time), (1 / 24, time)])
    assert read_workbook({"Log": lines}).durations == [90, 180]


@pytest.mark.parametrize("times", ["22:00,06:00", "10:00 PM,6:00 AM"])
def test_an_end_before_its_start_without_a_date_is_the_next_day_and_this_is_said(times: str) -> None:
    read = read_text(f"Date,Start,End,Task\n2026-01-05,{times},Night\n")
    assert read.durations == [480]
    assert "Row 2: taken to end on the day after" in read.messages


def test_an_end_before_its_start_with_a_date_is_no_duration_and_this_is_said() -> None:
    read = read_text("Task,Start,End\nA,2026-01-05 10:00,2026-01-05 09:00\nB,2026-01-05 10:00,2026-01-05 11:00\n")
    assert read.durations == [None, 60]
    assert "Row 2: ended before it began" in read.messages


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-29 00:30", "2026-03-29 04:30"),
        ("2026-10-25 01:00", "2026-10-25 05:00"),
        ("2026-11-01 01:00", "2026-11-01 03:00"),
    ],
)
def test_a_night_of_a_clock_change_is_told(start: str, end: str) -> None:
    assert "clocks may change" in read_text(f"Task,Start,End\nA,{start},{end}\n").messages


def test_offsets_tell_the_hour_that_a_clock_change_takes() -> None:
    read = read_text("Task,Start,End\nA,2026-03-29T01:30:00+01:00,2026-03-29T03:30:00+02:00\n")
    assert read.durations == [60]
    assert "clocks" not in read.messages


@pytest.mark.parametrize("header", ["Pause", "Break (min)"])
def test_whether_a_break_is_taken_off_is_asked(header: str) -> None:
    content = f"Date,Start,End,{header},Task\n2026-01-05,08:00,16:30,{'30' if '(' in header else '0:30'},A\n"
    read = read_text(content)
    assert read.questions == {"breaks": {"taken-off": 480, "counted": 510}}
    assert read_text(content, {"breaks": "counted"}).minutes == 510


@pytest.mark.parametrize("cell", ["", "soon"])
def test_a_row_without_a_readable_duration_takes_the_time_from_start_to_end(cell: str) -> None:
    read = read_text(f"Task,Start,End,Minutes\nA,9:00,10:30,{cell}\nB,13:00,13:30,30\n")
    assert (read.durations, read.warned_rows) == ([90, 30], [2])


def test_a_duration_that_contradicts_start_and_end_is_told() -> None:
    read = read_text(
        "Task,Start,End,Minutes\nA,9:00,10:30,90\nB,11:00,11:30,45\nC,13:00,13:20,20\nD,14:00,15:00,60\nE,15:00,16:00,60\n"
    )
    assert read.durations == [90, 45, 20, 60, 60]
    assert "Row 3: longer than the time from start to end" in read.messages


@pytest.mark.parametrize("person", ["User", "Mitarbeiter"])
def test_overlaps_of_one_person_are_told(person: str) -> None:
    lines = [f"{person},Task,Start,End", "ann,A,2026-01-05 09:00,2026-01-05 10:30"]
    lines += ["ann,B,2026-01-05 10:00,2026-01-05 11:00", "bob,C,2026-01-05 09:00,2026-01-05 10:00"]
    read = read_text("\n".join(lines))
    assert "Row 3: at the same time as another row" in read.messages
    assert [row["person"] for row in read.rows] == ["ann", "ann", "bob"]


@pytest.mark.parametrize("twins", [1, 2])
def test_rows_that_come_twice_are_told_and_counted(twins: int) -> None:
    read = read_text("Date,Task,Minutes\n2026-01-05,A,30\n2026-01-05,B,15\n" + "2026-01-05,A,30\n" * twins)
    assert read.minutes == 45 + 30 * twins
    assert "exactly the same as an earlier row" in read.messages


def test_rows_of_a_day_and_more_and_dates_to_come_are_told() -> None:
    read = read_text("Date,Task,Minutes\n2090-01-05,A,30\n2026-01-05,B,1500\n2026-01-05,C,-5\n")
    assert read.durations == [30, 1500, None]
    assert {"Row 2: in the future.", "Row 3: longer than 24 hours."} <= set(read.messages.splitlines())
    assert "negative" in read.messages


def test_more_than_a_day_of_one_person_on_one_day_is_told() -> None:
    lines = ["Date,User,Task,Hours", *(f"2026-01-05,ann,Task {n},9" for n in range(3))]
    assert "more than 24 hours" in read_text("\n".join(lines)).messages


@pytest.mark.parametrize("times", ["12:00:00 AM,1/7/2026,12:00:00 AM,True", "12:00:00 AM,1/7/2026,12:00:00 AM,False"])
def test_an_all_day_entry_says_no_duration(times: str) -> None:
    lines = ["Subject,Start Date,Start Time,End Date,End Time,All day event", f"Holiday,1/6/2026,{times}"]
    lines.append("Call,1/7/2026,2:30:00 PM,1/7/2026,3:00:00 PM,False")
    read = read_text("\n".join(lines))
    assert read.durations == [None, 30]
    assert "Row 2: an all-day entry" in read.messages


def test_further_starts_and_ends_are_told() -> None:
    read = read_text("Date,In,Out,In,Out,Task\n2026-01-05,08:00,12:00,13:00,17:00,Office\n")
    assert read.durations == [240]
    assert "further starts and ends" in read.messages


@pytest.mark.parametrize("end", ["2026-01-05T10:00:00", "later"])
def test_a_row_without_a_span_among_others_is_told(end: str) -> None:
    lines = ["Task,Start,End", f"A,2026-01-05T09:00:00Z,{end}"]
    lines += [f"B,2026-01-0{n}T09:00:00Z,2026-01-0{n}T10:00:00Z" for n in (6, 7)]
    read = read_text("\n".join(lines))
    assert (read.durations, read.warned_rows[-1]) == ([None, 60, 60], 2)


@pytest.mark.parametrize("blank", [" ", "\N{NO-BREAK SPACE}", "\N{IDEOGRAPHIC SPACE}\t", "\u200a"])
def test_a_text_of_blanks_is_no_moment(blank: str) -> None:
    assert moment_of_text(blank, "dmy") == Moment(None, None)
