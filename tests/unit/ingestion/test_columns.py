"""Which column is which."""

import pytest

from intake.spreadsheets.columns import find_columns


def named(headers: list[str], sample: list[list[str]] | None = None) -> dict[str, str]:
    return {role: column.header for role, column in find_columns(headers, sample or []).items()}


def unit(header: str) -> str:
    return find_columns(["Task", header])["duration"].unit


def test_columns_are_found_in_any_order_among_others() -> None:
    found = named(["Case", "Duration (min)", "Employee", "Task", "Start", "End", "Category"])
    assert found == {"text": "Task", "category": "Category", "duration": "Duration (min)"}


@pytest.mark.parametrize(
    "headers",
    [
        ["text", "category", "estimated_minutes"],
        ["Tätigkeit", "BEREICH", "Dauer (h)"],
        ["Tâche", "Catégorie", "Durée"],
        ["Task name", "Task type", "Time spent [h]"],
        ["What?", "Group", "Hours"],
        ["Omschrijving", "Soort", "Tijd"],
    ],
)
def test_case_accents_and_punctuation_do_not_matter(headers: list[str]) -> None:
    assert named(headers) == dict(zip(["text", "category", "duration"], headers, strict=True))


def test_of_several_texts_the_filled_one_is_taken() -> None:
    headers = ["Task", "Description", "Minutes"]
    assert named(headers, [["", "Pay", "1"], ["", "Post", "2"]])["text"] == "Description"
    assert named(headers, [["Pay", "the bill", "1"], ["Post", "", "2"]])["text"] == "Task"


def test_numbers_dates_and_people_are_no_texts_and_clock_times_no_durations() -> None:
    found = named(["Task ID", "Start time", "End time", "Task owner", "Activity", "Work hours"])
    assert found == {"text": "Activity", "duration": "Work hours"}


@pytest.mark.parametrize(
    ("header", "expected"),
    [("Duration", "min"), ("Duration (h)", "h"), ("Duration [s]", "s"), ("Effort (d)", "d"), ("Hours", "h")]
    + [
        ("estimated_minutes", "min"),
        ("duration_h", "h"),
        ("Time in seconds", "s"),
        ("Stunden", "h"),
        ("Time (hh:mm)", "min"),
    ],
)
def test_the_unit_is_read_from_the_header(header: str, expected: str) -> None:
    assert unit(header) == expected


def test_headers_that_say_nothing_are_nothing() -> None:
    assert named(["A", "B", "", "2024"]) == {}
