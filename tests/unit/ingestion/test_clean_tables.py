"""The column engine reads exactly what the careful reader reads, or leaves the file to it."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.spreadsheets.clean import blocks
from intake.spreadsheets.clean.blocks import NotClean
from intake.spreadsheets.clean.table import CleanTable, read_clean
from intake.spreadsheets.reading import Table
from intake.spreadsheets.sheet import MS_PER_MINUTE, Unreadable
from tests.examples import examples

MOST_WARNINGS = 7


def by_columns(path: Path, answers: Mapping[str, str]) -> dict[str, Any]:
    """Everything that the column engine says about the file."""
    frames: list[pl.DataFrame] = []

    def consume(found: Iterator[pl.DataFrame]) -> None:
        frames[:] = found

    ending = read_clean(CleanTable(path, MOST_WARNINGS, answers), consume)
    return {
        "rows": [row for frame in frames for row in frame.iter_rows()],
        "reading": asdict(ending.reading),
        "columns": ending.columns,
        "counts": (ending.rows_read, ending.row_warnings),
        "warnings": ending.warnings,
        "set_aside": asdict(ending.set_aside),
        "total": ending.milliseconds,
        "breakdown": {name: total for name, total in ending.breakdown.items() if total},
    }


def carefully(path: Path, answers: Mapping[str, str]) -> dict[str, Any]:
    """The same of the careful reader."""
    table, rows, breakdown = Table(path, MOST_WARNINGS, answers), [], dict[str, int]()
    for row in table:
        milliseconds = table.milliseconds if table.milliseconds >= 0 else None
        assert row["estimated_minutes"] == (None if milliseconds is None else milliseconds / MS_PER_MINUTE)
        told = [row.get(key) for key in ("started_at", "ended_at", "person", "case")]
        rows.append((row["text"], row["category"], milliseconds, table.row_number, *told))
        breakdown[row["category"]] = breakdown.get(row["category"], 0) + (milliseconds or 0)
    return {
        "rows": rows,
        "reading": asdict(table.reading),
        "columns": table.columns,
        "counts": (table.rows_read, table.row_warnings),
        "warnings": table.warnings,
        "set_aside": asdict(table.set_aside),
        "total": sum(breakdown.values()),
        "breakdown": {name: total for name, total in breakdown.items() if total},
    }


def is_clean(content: str | bytes, answers: Mapping[str, str] | None = None, block: int = 150) -> bool:
    """Return True if the column engine reads the content; fail unless it then reads it as the careful reader does."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "work.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        patch.setattr(blocks, "BLOCK_BYTES", block)
        try:
            quick = by_columns(path, answers or {})
        except (NotClean, Unreadable):
            return False
        assert quick == carefully(path, answers or {})
        return True


def table(rows: list[tuple[Any, ...]], header: str = "Task,Category,Duration (min)", end: str = "\n") -> str:
    return end.join([header, *(",".join(map(str, row)) for row in rows)]) + end


PLAIN = [(f"Check invoice {n % 7}", f"Team {n % 3}", n * 1.25) for n in range(1, 60)]
UNCLEAN = ["", "1h 30m", "x", "-5", " 7 ", "1:30:00", "5 min", "١", "99999999999", "0.0000000001", "1e-3", '"1,234"']
texts = st.sampled_from(["Plan", "  Plan", "Totals", "Sum of all", "média", "", " ", "Übertrag", "Call", "a\tb", "—"])
names = st.sampled_from(["Ops", "ops", " Ops ", "OPS  X", "Ops X", "", "Sales", "Total", "Ärzte", "Ärzte"])
numbers = st.integers(0, 10**6).map(lambda value: f"{value / 100:g}") | st.integers(0, 5000).map(str)


def test_a_plain_table_is_read_by_columns() -> None:
    assert is_clean(table(PLAIN))
    assert is_clean(table(PLAIN, end="\r\n"))
    assert is_clean("﻿" + table(PLAIN), block=40_000)
    assert is_clean(table(PLAIN).encode("utf-16"))
    assert is_clean(table([(f"Prüfung {n}", "Büro", n) for n in range(60)]).encode("cp1252"))


@pytest.mark.parametrize("cell", UNCLEAN)
def test_a_cell_that_is_not_plain_is_read_by_the_careful_parser(cell: str) -> None:
    assert is_clean(table([*PLAIN, ("Odd", "Team 1", cell), *PLAIN]))


@pytest.mark.parametrize(
    "content",
    [
        table([*PLAIN, ("Total", "", sum(row[2] for row in PLAIN))]),
        table([*PLAIN, ("Look", "after", sum(row[2] for row in PLAIN))]),
        table(PLAIN) + "\n" + table(PLAIN),
        table(PLAIN) + table(PLAIN),
        table([*PLAIN, ("One", "cell")]),
        table([*PLAIN, ("One", "cell", 1, "more")]),
        table([*PLAIN, ('say "a" or b', "cell", 1)]),
        table([*PLAIN, ('"two\nlines"', "cell", 1)]),
        table([*PLAIN, ("bell\a", "cell", 1)]),
        table([*PLAIN, ("clock", "cell", "1:30")]),
        table([*PLAIN, ("long" * 2000, "cell", 1)]),
        table(PLAIN, header="Task,Category,Duration"),
        table([(a, b, c * 1000) for a, b, c in PLAIN], header="Task,Category,Duration (h)"),
        table([*PLAIN, ("a note", "", "")]) + "only here,,\n",
    ],
    ids=range(14),
)
def test_a_table_that_may_mean_something_else_is_left_to_the_careful_reader(content: str) -> None:
    assert not is_clean(content)


def test_quoted_cells_within_a_line_are_read_by_columns() -> None:
    quoted = "".join(f'"{text}","{name}, ""x""",{minutes}\r\n' for text, name, minutes in PLAIN)
    assert is_clean('"Task","Category","Duration (min)"\r\n' + quoted)


def test_an_answer_settles_the_unit_of_a_clean_table() -> None:
    assert is_clean(table(PLAIN, header="Task,Category,Duration"), {"duration_unit": "s"})
    assert not is_clean(table(PLAIN, header="Task,Category,Duration"), {"duration_unit": "day"})


def test_a_category_takes_the_spelling_that_most_rows_of_the_whole_file_have() -> None:
    rows = [("Plan", "Ops" if n < 20 else "OPS", n % 7) for n in range(60)]
    assert is_clean(table(rows))


def test_dates_and_people_of_a_clean_table_are_described_as_before() -> None:
    rows = [
        (f"2026-0{1 + n % 3}-1{n % 9}", f"P{n % 4}", "Plan", "Ops", n if n % 5 else 1500, f"c{n % 6}")
        for n in range(80)
    ] + [("2126-01-01", "P1", "Later", "Ops", 5, "y"), ("soon", "P1", "Later", "Ops", 5, "y")]
    header = "Date,User,Task,Category,Duration (min),Case"
    assert is_clean(table(rows, header))
    assert is_clean(table(rows + rows, header))


@given(
    rows=st.lists(st.tuples(texts, names, numbers | st.sampled_from(UNCLEAN)), min_size=1, max_size=40),
    unit=st.sampled_from(["s", "min", "h", "d", "ms"]),
    block=st.integers(20, 400),
)
@settings(deadline=None, max_examples=examples(150))
def test_any_table_is_read_as_the_careful_reader_does_or_left_to_it(
    rows: list[tuple[str, str, str]], unit: str, block: int
) -> None:
    is_clean(table(rows, header=f"Task,Category,Duration ({unit})"), block=block)


@given(
    rows=st.lists(st.tuples(texts, texts, names, st.integers(0, 999), st.integers(0, 99)), min_size=2, max_size=40),
    quote=st.booleans(),
    decimals=st.integers(1, 4),
)
@settings(deadline=None, max_examples=examples(100))
def test_any_table_with_decimal_commas_and_several_texts_is_read_as_the_careful_reader_does(
    rows: list[tuple[str, str, str, int, int]], quote: bool, decimals: int
) -> None:
    def cell(text: str) -> str:
        return f'"{text}"' if quote else text

    lines = [f"{cell(a)};{cell(b)};{cell(c)};{cell(f'{whole},{rest:0{decimals}d}')}" for a, b, c, whole, rest in rows]
    is_clean("\n".join(["Description;Project;Category;Stunden", *lines]), block=90)


@given(st.lists(st.lists(st.text(max_size=6), max_size=4), max_size=8), st.sampled_from(["Task,Duration (min)"]))
@settings(deadline=None)
def test_any_lines_below_a_header_are_read_as_the_careful_reader_does(lines: list[list[str]], header: str) -> None:
    content = "\n".join([header, *(",".join(line) for line in lines)])
    is_clean(content.encode("utf-8", "surrogatepass"), block=30)
