"""Several columns that could be the duration: the evidence decides, or a person does."""

import pytest

from tests.readings import read_text


@pytest.mark.parametrize(
    ("content", "header", "minutes"),
    [
        ("Date,Time,Task,Time spent (min)\n2026-03-02,09:00,A,30\n2026-03-02,10:30,B,15\n", "Time spent (min)", 45),
        ("Datum;Zeit;Aufgabe;Dauer (h)\n02.03.2026;09:00;A;0,5\n", "Dauer (h)", 30),
        ("Aufgabe;Plan (h);Ist (h)\nA;1;2\nB;2;1\n", "Ist (h)", 180),
        ("Task,Original Estimate,Time Spent\nA,4h,2h 30m\nB,1h,30m\n", "Time Spent", 180),
        ("Task,Billable hours,Hours\nA,1,2\nB,0,1\n", "Hours", 180),
        ("Task,Hours,Hours Rounded\nA,1.4,1.5\nB,0.9,1\n", "Hours", 138),
        ("Task,Regular hours,Overtime hours,Total hours\nA,8,1,9\nB,8,0,8\nC,6,2,8\n", "Total hours", 1500),
        ("Task,Billable hours,Non-billable hours,Total hours\nA,2,1,3\nB,0,2,2\nC,5,0,5\n", "Total hours", 600),
        ("Task,Work (h),Wait (h),Start,End\nA,1.5,3,2026-01-05 9:00,2026-01-05 10:30\n", "Work (h)", 90),
        ("Task,Duration,Duration\nA,1:30,1.5\nB,0:45,0.75\n", "Duration", 135),
    ],
)
def test_the_evidence_decides(content: str, header: str, minutes: float) -> None:
    read = read_text(content)
    assert (read.table.columns["duration"], read.minutes, read.questions) == (header, minutes, {})


@pytest.mark.parametrize(
    ("content", "asked"),
    [
        ("Task,Work hours,Site hours\nA,2,3\nB,1.5,4\n", {"Work hours": 210, "Site hours": 420}),
        ("Task,Hours,Minutes\nA,1,30\nB,0,45\nC,2,15\n", {"Minutes": 90, "Hours": 180, "together": 270}),
        ("Task,Min,Sec\nA,3,30\nB,10,15\n", {"Min": 13, "Sec": 0.75, "together": 13.75}),
    ],
)
def test_what_no_evidence_decides_is_asked(content: str, asked: dict[str, float]) -> None:
    assert read_text(content).questions == {"duration_column": asked}
    for value, minutes in asked.items():
        answered = read_text(content, {"duration_column": value})
        assert (answered.minutes, answered.questions) == (minutes, {})


@pytest.mark.parametrize("header", ["Time", "Zeit", "Heure"])
def test_a_time_that_may_be_a_time_of_day_is_asked(header: str) -> None:
    content = f"Date,{header},Task\n2026-01-05,09:00,Post\n2026-01-05,10:30,Chase\n2026-01-06,14:15,Call\n"
    assert read_text(content).questions == {"duration_column": {"none": 0, header: 2025}}
    assert read_text(content, {"duration_column": header}).minutes == 2025
    assert read_text(content, {"duration_column": "none"}).questions == {}


def test_a_time_with_units_is_a_duration() -> None:
    read = read_text("Tag;Aufgabe;Zeit\n01.03.2026;A;7,5 h\n02.03.2026;B;8 h\n")
    assert (read.minutes, read.questions) == (930, {})


def test_a_time_that_is_too_short_for_a_time_of_day_is_a_duration() -> None:
    read = read_text("Date,Task,Time\n2026-01-05,Post,0:30\n2026-01-05,Chase,1:15\n")
    assert (read.minutes, read.questions) == (105, {})


@pytest.mark.parametrize("header", ["Quantity", "Anzahl"])
def test_whether_a_count_multiplies_the_durations_is_asked(header: str) -> None:
    content = f"Task,{header},Minutes each\nA,10,5\nB,4,15\n"
    assert read_text(content).questions == {"times": {"once": 20, "multiplied": 110}}
    assert read_text(content, {"times": "multiplied"}).durations == [50, 60]


def test_the_same_file_and_answers_give_the_same_rows() -> None:
    content, answers = "Task,Time Spent\nA,2100\nB,300\n", {"duration_unit": "s"}
    assert read_text(content, answers).rows == read_text(content, answers).rows


@pytest.mark.parametrize("header", ["Activity,Min,Max,Mean", "Task,Min,Max"])
def test_the_least_and_the_largest_value_are_no_minutes(header: str) -> None:
    cells = ",".join(["A", *("5" for _ in header.split(",")[1:])])
    read = read_text(f"{header}\n{cells}\n")
    assert (read.durations, "No column holds a duration" in read.messages) == ([None], True)


@pytest.mark.parametrize(("header", "first"), [("Duration (min)", "7.5"), ("Minutes", "8")])
def test_a_unit_in_the_header_that_the_times_contradict_is_asked(header: str, first: str) -> None:
    spans = [
        "2026-01-05 09:00,2026-01-05 17:30",
        "2026-01-06 09:00,2026-01-06 17:00",
        "2026-01-07 09:00,2026-01-07 16:00",
    ]
    cells = [first, "7", "6.25"]
    lines = [f"A,{span},{cell}" for span, cell in zip(spans, cells, strict=True)]
    asked = read_text("\n".join([f"Task,Start,End,{header}", *lines])).questions["duration_unit"]
    assert list(asked) == ["min", "h"]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Avg. handling time (min)", "average"),
        ("Durchschnittliche Dauer (min)", "average"),
        ("Billable hours", "a part"),
        ("Σ Time (h)", "twice"),
    ],
)
def test_a_column_that_is_named_otherwise_than_as_the_time_worked_is_told(header: str, words: str) -> None:
    assert words in read_text(f"Task,{header}\nA,5\nB,7\n").messages
