"""Which column is what where a person says so: their choice stands above the words of headers and the cells.

A choice that cannot be followed is refused with the reason; it is never replaced by another column.
"""

from collections.abc import Mapping
from dataclasses import replace

from intake.spreadsheets.answers import UNUSED, chosen_columns
from intake.spreadsheets.choosing import START_TO_END, TOGETHER, Durations
from intake.spreadsheets.columns import Column, Columns, column_of, names_of_columns
from intake.spreadsheets.phrases import gettext_noop
from intake.spreadsheets.sheet import Line, Unreadable, cell_text
from intake.spreadsheets.survey import Chosen, Survey

# The roles of the lists in `Columns`.
LISTS = {
    "text": "texts",
    "category": "categories",
    "duration": "durations",
    "start": "starts",
    "end": "ends",
    "date": "dates",
    "person": "persons",
    "project": "projects",
    "case": "cases",
    "break": "breaks",
    "all_day": "all_days",
    "count": "counts",
}
# Chosen before any other: no header fits that well.
BEST = (9, 0)
OF_DURATION = (START_TO_END, TOGETHER)
MOST_NAMED = 40
ELSE = "else"


def mapped(columns: Columns, answers: Mapping[str, str]) -> Columns:
    """Return the columns by what they may hold, as these answers choose them. Raises Unreadable for an unknown one."""
    chosen = {
        role: column_named(columns.headers, value)
        for role, value in chosen_columns(answers).items()
        if role != "duration" or value not in OF_DURATION
    }
    if not chosen:
        return columns
    taken = {column.index for column in chosen.values() if column}
    lists: dict[str, list[Column]] = {}
    for role, name in LISTS.items():
        left = [column for column in getattr(columns, name) if column.index not in taken]
        if role in chosen:
            column = chosen[role]
            # The other durations are not read, but may prove the unit of the chosen ones.
            others = left if role == "duration" else []
            left = [column, *others] if column else []
        lists[name] = left
    return Columns(headers=columns.headers, **lists)


def names_chosen(answers: Mapping[str, str]) -> set[str]:
    """Return the names of the columns that these answers choose."""
    return {value.strip() for value in chosen_columns(answers).values()} - {UNUSED, *OF_DURATION}


def column_named(headers: list[str], value: str) -> Column | None:
    """Return the column of this name, None for the answer that there is none. Raises Unreadable if none has it."""
    names = names_of_columns(headers)
    places = [n for group in (names, headers) for n, name in enumerate(group) if name == value.strip()]
    if places:
        return column_of(places[0], headers[places[0]], BEST, names[places[0]])
    if value == UNUSED:
        return None
    shown = ", ".join(f"“{name}”" for name in names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")
    words = gettext_noop("The file has no column “%(column)s”. Its columns are: %(columns)s.")
    raise Unreadable(words, column=value[:80], columns=shown)


def as_chosen(found: Chosen, columns: Columns, answers: Mapping[str, str]) -> Chosen:
    """Return the columns to look at, with those that a person chose alone for what was done, category, person, case."""
    chosen = {role: column_named(columns.headers, value) for role, value in chosen_columns_alone(answers).items()}
    text = chosen.get("text")
    return replace(
        found,
        texts=([text] if text else []) if "text" in chosen else found.texts,
        category=chosen.get("category", found.category),
        person=chosen.get("person", found.person),
        case=chosen.get("case", found.case),
    )


def chosen_columns_alone(answers: Mapping[str, str]) -> dict[str, str]:
    """Return {role: header} of the roles whose column is taken as it is, whatever its cells hold."""
    return {
        role: header
        for role, header in chosen_columns(answers).items()
        if role in ("text", "category", "person", "case")
    }


def used_columns(survey: Survey, chosen: Chosen, durations: Durations) -> list[tuple[str, Column]]:
    """Return (role, column) of the columns that are used.

    `else` is the role of a column which says what was done where the first such column is empty.
    """
    times = survey.times
    found: list[tuple[str, list[Column | None]]] = [
        ("text", list(chosen.texts[:1])),
        ("category", [chosen.category]),
        ("duration", [durations.values.column if durations.values else None]),
        ("start", list(times.start.columns) if times else []),
        ("end", list(times.end.columns) if times else []),
        ("date", [times.date] if times else []),
        ("person", [chosen.person]),
        ("case", [chosen.case]),
        ("break", [survey.breaks.column if survey.breaks and durations.from_times else None]),
        ("count", [survey.counts.column if survey.counts else None]),
        (ELSE, list(chosen.texts[1:])),
    ]
    return [(role, column) for role, columns in found for column in columns if column is not None]


def roles_by_column(columns: Columns, used: list[tuple[str, Column]]) -> list[str]:
    """Return the first role of each column in the order of the file, empty for one that is not used."""
    roles = [""] * len(columns.headers)
    for role, column in used:
        roles[column.index] = roles[column.index] or role
    return roles


def require_followed(
    columns: Columns, used: list[tuple[str, Column]], answers: Mapping[str, str], sample: list[Line]
) -> None:
    """Raise Unreadable if a chosen column is not used, since no cell of it can be read in its role."""
    pairs = {(role, column.index) for role, column in used}
    for role, value in chosen_columns(answers).items():
        if role == "duration" and value in OF_DURATION:
            if value == START_TO_END and not {"start", "end"} <= {role for role, _column in used}:
                words = gettext_noop("There is no time from start to end: choose the columns of start and end as well.")
                raise Unreadable(words)
            continue
        column = column_named(columns.headers, value)
        if column is not None and (role, column.index) not in pairs:
            raise not_followed(role, column, sample)


def not_followed(role: str, column: Column, sample: list[Line]) -> Unreadable:
    """Return the refusal of a choice; it quotes the first filled cell of the column."""
    cells = ((line.number, cell_text(line.cells[column.index])) for line in sample if column.index < len(line.cells))
    number, cell = next(((n, text) for n, text in cells if text), (0, ""))
    if role == "break":
        words = gettext_noop("“%(column)s” cannot be the break: a break is taken off the time from start to end alone.")
        return Unreadable(words, column=column.name)
    if not cell:
        words = gettext_noop("The first cells of “%(column)s” are empty: choose another column, or none.")
        return Unreadable(words, column=column.name)
    where = {"column": column.name, "row": str(number), "cell": cell[:80]}
    if role == "duration":
        words = gettext_noop(
            "“%(column)s” cannot be read as durations: row %(row)s says “%(cell)s”. Choose another column, or none."
        )
        return Unreadable(words, **where)
    words = gettext_noop(
        "“%(column)s” cannot be read as dates or times: row %(row)s says “%(cell)s”. Choose another column, or none."
    )
    return Unreadable(words, **where)
