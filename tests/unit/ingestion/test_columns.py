"""Which column is which, by its header."""

import pytest

from intake.spreadsheets.columns import Columns, named_columns, named_roles, qualifiers_in


def first_named(columns: Columns) -> dict[str, str]:
    groups = {"text": columns.texts, "category": columns.categories, "duration": columns.durations}
    return {role: group[0].header for role, group in groups.items() if group}


def named(headers: list[str]) -> dict[str, str]:
    return first_named(named_columns(headers))


def unit(header: str) -> str:
    return named_columns(["Task", header]).durations[0].unit


def test_columns_are_found_in_any_order_among_others() -> None:
    found = named(["Case", "Duration (min)", "Employee", "Task", "Start", "End", "Category"])
    assert found == {"text": "Task", "category": "Category", "duration": "Duration (min)"}


@pytest.mark.parametrize(
    "headers",
    [
        ["text", "category", "estimated_minutes"],
        ["Tätigkeit", "BEREICH", "Dauer (h)"],
        ["Taetigkeit", "Abteilung", "Zeitaufwand"],
        ["Tâche", "Catégorie", "Durée"],
        ["Tache", "Categorie", "Duree"],
        ["Tarea", "Categoría", "Duración"],
        ["Attività", "Categoria", "Durata"],
        ["Tarefa", "Área", "Duração"],
        ["Task name", "Task type", "Time spent [h]"],
        ["What?", "Group", "Hours"],
        ["Omschrijving", "Soort", "Tijd"],
        ["Comment", "Issue Type", "Timespent"],
    ],
)
def test_case_accents_and_punctuation_do_not_matter(headers: list[str]) -> None:
    assert named(headers) == dict(zip(["text", "category", "duration"], headers, strict=True))


def test_texts_stand_in_the_order_of_what_they_say() -> None:
    columns = named_columns(["Project", "Notes", "Task", "Description", "Subject"])
    assert [column.header for column in columns.texts] == ["Subject", "Description", "Notes", "Task"]
    assert [column.header for column in columns.projects] == ["Project"]


def test_numbers_dates_and_people_are_no_texts_and_clock_times_no_durations() -> None:
    found = named(["Task ID", "Start time", "End time", "Task owner", "Activity", "Work hours"])
    assert found == {"text": "Activity", "duration": "Work hours"}


@pytest.mark.parametrize(
    "header", ["Hourly rate", "Rate per hour", "Stundensatz", "Time zone", "Uhrzeit", "Pause (min)"]
)
def test_money_breaks_and_clocks_are_no_durations(header: str) -> None:
    assert named_columns(["Task", header]).durations == []


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("Start", "End"),
        ("Start time", "Stop time"),
        ("Von", "Bis"),
        ("Beginnt um", "Endet um"),
        ("Début", "Fin"),
        ("Heure de début", "Heure de fin"),
        ("Inicio", "Fin"),
        ("Inizio", "Fine"),
        ("Início", "Fim"),
        ("Van", "Tot"),
        ("Begintijd", "Eindtijd"),
        ("Time In", "Time Out"),
        ("Start Timestamp", "Complete Timestamp"),
    ],
)
def test_starts_and_ends_are_found(start: str, end: str) -> None:
    columns = named_columns(["Task", start, end])
    assert ([c.header for c in columns.starts], [c.header for c in columns.ends]) == ([start], [end])
    assert columns.durations == []


@pytest.mark.parametrize(
    ("header", "expected"),
    [("Duration", ""), ("Duration (h)", "h"), ("Duration [s]", "s"), ("Effort (d)", "d"), ("Hours", "h")]
    + [
        ("estimated_minutes", "min"),
        ("duration_h", "h"),
        ("duration_ms", "ms"),
        ("timeSpentSeconds", "s"),
        ("Duration (decimal)", "h"),
        ("Time in seconds", "s"),
        ("Stunden", "h"),
        ("Arbeitsstunden", "h"),
        ("Zeit pro Tag (h)", "h"),
        ("Aufwand (Tage)", "d"),
        ("Time (hh:mm)", ""),
    ],
)
def test_the_unit_is_read_from_the_header(header: str, expected: str) -> None:
    assert unit(header) == expected


@pytest.mark.parametrize(("header", "form"), [("Time (hh:mm)", "h:mm"), ("Talk time (mm:ss)", "mm:ss"), ("Hours", "")])
def test_the_form_of_clock_times_is_read_from_the_header(header: str, form: str) -> None:
    assert named_columns(["Task", header]).durations[0].form == form


@pytest.mark.parametrize(
    ("header", "qualifier"),
    [("Planned hours", "planned"), ("Original Estimate", "planned"), ("Soll (h)", "planned")]
    + [("Billable hours", "partial"), ("Hours Rounded", "partial"), ("Σ Time Spent", "aggregate")],
)
def test_a_column_of_what_was_not_worked_says_so(header: str, qualifier: str) -> None:
    assert qualifier in qualifiers_in(header)


def test_headers_that_say_nothing_are_nothing() -> None:
    assert named(["A", "B", "", "2024"]) == {}


def test_a_cell_with_data_names_no_role() -> None:
    assert named_roles(["Period: January", "09:30", "2026-01-01", "12"]) == set()
