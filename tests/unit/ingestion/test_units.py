"""The unit of numbers: from the header, the cells, the times beside them; what none of them says is asked."""

import pytest

from intake.spreadsheets.sheet import Unreadable
from tests.readings import Read, read_text, read_workbook


def column(header: str, *cells: object, answers: dict[str, str] | None = None) -> Read:
    lines = [f'Task;"{header}"', *(f'Task {n};"{cell}"' for n, cell in enumerate(cells))]
    return read_text("\n".join(lines), answers)


# -- what can be told --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("header", "cells", "minutes"),
    [
        ("Duration (h)", ["0,5", "1,25"], 105),
        ("Duration (decimal)", ["1.50", "2.75"], 255),
        ("timeSpentSeconds", ["3600", "1800"], 90),
        ("Elapsed (sec)", ["90", "30"], 2),
        ("duration_ms", ["60000", "90000"], 2.5),
        ("Dauer in Millisekunden", ["1500", "500"], 0.03),
        ("Aufwand (Tage)", ["1", "0,5"], 720),
        ("Minuten", ["30", "15"], 45),
        ("Talk time (mm:ss)", ["03:30", "10:15"], 13.75),
        ("Zeit (hh:mm)", ["03:30", "10:15"], 825),
    ],
)
def test_the_header_says_the_unit(header: str, cells: list[str], minutes: float) -> None:
    read = column(header, *cells)
    assert (read.minutes, read.questions) == (minutes, {})


@pytest.mark.parametrize("cells", [["1.5h", "2", "0.5h", "3h"], ["1,5 Std.", "2", "30 Std.", "0,5 Std."]])
def test_a_bare_number_among_others_with_a_unit_takes_it_and_this_is_said(cells: list[str]) -> None:
    read = column("Duration", *cells)
    assert read.durations[1] == 120
    assert "like the other cells" in read.messages


@pytest.mark.parametrize(
    ("cells", "unit", "minutes"),
    [
        (["5400", "1800"], "s", 120),
        (["90", "30"], "min", 120),
        (["1.5", "0.5"], "h", 120),
        (["1.30", "0.30"], "h.mm", 120),
    ]
    + [(["5400000", "1800000"], "ms", 120), (["0.0625", "0.0208333333"], "day", 120)],
)
def test_start_and_end_beside_it_prove_the_unit(cells: list[str], unit: str, minutes: float) -> None:
    spans = ["2026-01-05 09:00,2026-01-05 10:30", "2026-01-05 11:00,2026-01-05 11:30"]
    lines = [f"Task {n},{span},{cell}" for n, (span, cell) in enumerate(zip(spans, cells, strict=True))]
    read = read_text("\n".join(["Task,Start,End,Duration", *lines]))
    assert (read.minutes, read.questions) == (minutes, {})
    assert read.table.reading.columns["duration"]["unit"] == unit


@pytest.mark.parametrize("cell", ["9.15", "9,15"])
def test_hours_with_a_dot_before_the_minutes_are_proven_by_in_and_out(cell: str) -> None:
    read = read_text(
        f"Task;Time In;Time Out;Total Hours\nA;10:00;19:15;{cell}\nB;9:30;18:20;8.50\n".replace("8.50", "8,50")
    )
    assert read.durations == [555, 530]
    assert "9 h 15 min" in read.messages


def test_a_column_of_clock_times_beside_it_proves_the_unit() -> None:
    read = read_text("Task,Duration,Time (h)\nA,1.5,01:30:00\nB,0.25,00:15:00\n")
    assert (read.minutes, read.questions) == (105, {})


@pytest.mark.parametrize(
    ("shown", "value", "minutes"),
    [('0.0" h"', 1.5, 90), ('0 "min"', 90, 90), ('0.00\\ "Std."', 1.5, 90), ("[h]:mm", 1.5, 2160)],
)
def test_the_number_format_of_a_workbook_says_the_unit(shown: str, value: float, minutes: float) -> None:
    read = read_workbook({"Log": [["Task", "Duration"], ["A", (value, shown)], ["B", (value, shown)]]})
    assert (read.minutes, read.questions) == (2 * minutes, {})


# -- what cannot be told -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("header", "cells", "units"),
    [
        ("Time Spent", ["2100", "300", "1800"], {"s": 70, "min": 4200}),
        ("Dauer", ["30", "45", "15"], {"min": 90, "s": 1.5}),
        ("Duration", ["1.5", "2", "0.5"], {"h": 240, "min": 4}),
        ("Hours", ["90", "45", "30"], {"h": 9900, "min": 165}),
        ("Minutes", ["5400", "2700", "1800"], {"min": 9900, "s": 165}),
        ("Duration", ["0.0416666666667", "0.0625"], {"day": 150, "h": 6.25}),
        ("Hours", ["9.15", "8.30", "7.45"], {"h": 1494, "h.mm": 1530}),
        ("Stunden", ["7,30", "8,15", "1,45"], {"h": 1014, "h.mm": 1050}),
        ("Duration (hhmm)", ["0130", "0045"], {"hhmm": 135, "min": 175}),
        ("Duration", ["1:30", "45", "0:20"], {"min": 155}),
        ("Duration", ["1.5h", "45"], {"h": 2790, "min": 135}),
    ],
)
def test_numbers_without_a_unit_are_asked_with_what_each_reading_would_total(
    header: str, cells: list[str], units: dict[str, float]
) -> None:
    asked = column(header, *cells).questions["duration_unit"]
    assert units.items() <= asked.items()
    for unit, minutes in units.items():
        answered = column(header, *cells, answers={"duration_unit": unit})
        assert (answered.minutes, answered.questions) == (minutes, {})


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Talk time", ["03:25", "10:12"]),
        ("Minutes", ["1:30", "2:15"]),
        ("Duration", ["18:25", "1:05:10"]),
        ("Duration", ["14:10"]),
    ],
)
def test_clock_times_that_may_be_minutes_and_seconds_are_asked(header: str, cells: list[str]) -> None:
    asked = column(header, *cells).questions["clock_form"]
    assert list(asked) == ["h:mm", "mm:ss"]
    for form in asked:
        assert column(header, *cells, answers={"clock_form": form}).minutes == asked[form]


@pytest.mark.parametrize(
    ("cells", "asked"), [(["1,200", "2,500"], {".": 3700, ",": 3.7}), (["1.200", "2.500"], {",": 3700, ".": 3.7})]
)
def test_a_mark_that_may_separate_thousands_or_a_fraction_is_asked(cells: list[str], asked: dict[str, float]) -> None:
    read = column("Minutes", *cells)
    assert read.questions == {"decimal_mark": asked}
    assert column("Minutes", *cells, answers={"decimal_mark": ","}).minutes == asked[","]


@pytest.mark.parametrize(
    ("cells", "minutes"), [(["1,5", "1,125"], 157.5), (["1.5", "1.125"], 157.5), (["0,250", "1,125"], 82.5)]
)
def test_another_number_of_the_column_proves_the_decimal_mark(cells: list[str], minutes: float) -> None:
    read = column("Hours", *cells)
    assert (read.minutes, read.questions) == (minutes, {})


def test_a_question_shows_three_rows_and_stands_among_the_warnings_until_it_is_answered() -> None:
    read = column("Time Spent", "2100", "300", "1800", "600")
    [doubt] = read.table.reading.doubts
    assert doubt.sample == [["Task 0", "2100"], ["Task 1", "300"], ["Task 2", "1800"]]
    assert doubt.title in read.messages
    answered = column("Time Spent", "2100", "300", "1800", "600", answers={"duration_unit": "s"})
    assert answered.messages == ""


def test_zeros_are_no_reason_to_ask() -> None:
    assert column("Duration", "0", "0", "0").questions == {}


# -- what is refused ---------------------------------------------------------------------------------
@pytest.mark.parametrize("cells", [["soon", "later"], ["2026-01-05", "n/a"]])
def test_a_table_whose_durations_all_fail_is_refused_with_the_first_one(cells: list[str]) -> None:
    with pytest.raises(Unreadable, match=rf"(?s)No duration .* row 2, column “Duration”: “{cells[0]}”"):
        column("Duration", *cells)


@pytest.mark.parametrize("content", ["Task,Minutes\n", "Task,Minutes\n,\n \n"])
def test_a_table_without_rows_is_refused(content: str) -> None:
    with pytest.raises(Unreadable, match="no rows"):
        read_text(content)
