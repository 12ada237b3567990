"""The rows of a block by columns: their texts, categories and days, and the odd ones among them one by one."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from intake.spreadsheets.clean.blocks import require
from intake.spreadsheets.clean.tally import Tally, remark_about
from intake.spreadsheets.columns import Column
from intake.spreadsheets.durations import Kind, unread_message
from intake.spreadsheets.labels import FIRST_LETTERS
from intake.spreadsheets.layout import RULES, Layout, same_cells
from intake.spreadsheets.moments import moment_of
from intake.spreadsheets.phrases import Phrase
from intake.spreadsheets.reading import NAMELESS
from intake.spreadsheets.sheet import Line
from intake.spreadsheets.survey import Chosen, label_of_line

LETTERS = pl.Series(sorted(FIRST_LETTERS)).implode()
NO_TEXT = pl.lit("")
NOTHING = pl.lit(None, dtype=pl.String)


@dataclass(frozen=True)
class Columns:
    """Which columns of the cells are used, and how the rows are made of them."""

    chosen: Chosen
    headers: list[str]
    # The header of the best column of texts, as warnings name it.
    text_header: str | None

    @classmethod
    def of(cls, layout: Layout, chosen: Chosen) -> "Columns":
        """Return the columns of this layout."""
        header = chosen.texts[0].header if chosen.texts else None
        return cls(chosen, layout.columns.headers, header)

    @property
    def texts(self) -> list[int]:
        """Return the places of the columns that may hold the text of a row, best first."""
        return [column.index for column in self.chosen.texts]

    @property
    def category(self) -> pl.Expr:
        """Return the category as its cell writes it; empty without such a column."""
        return pl.col(str(self.chosen.category.index)) if self.chosen.category else NO_TEXT

    def category_in(self, row: Sequence[str]) -> str:
        """Return the cell of the category in a row; empty without such a column."""
        return row[self.chosen.category.index] if self.chosen.category else ""

    def rows_of(
        self,
        cells: pl.DataFrame,
        milliseconds: pl.Series,
        first_row: int,
        spelled: dict[str, str],
        days: pl.Series | None,
    ) -> pl.DataFrame:
        """Return the rows in the columns of SCHEMA: their categories as spelled, their days as when they began."""
        text = NO_TEXT
        for place in reversed(self.texts):
            other = pl.col(str(place)).str.strip_chars()
            text = pl.when(other != "").then(other).otherwise(text)
        category = self.category.str.strip_chars()
        if any(written != name for written, name in spelled.items()):
            category = category.replace(spelled)
        return cells.select(
            text=text,
            category=category,
            milliseconds=milliseconds,
            row=pl.int_range(first_row, first_row + cells.height, dtype=pl.Int64),
            started_at=NOTHING
            if days is None
            else pl.lit(days.set(days < 1, None).cast(pl.Date).dt.to_string("%Y-%m-%d")),
            ended_at=NOTHING,
            person=told_by(self.chosen.person),
            case=told_by(self.chosen.case),
        )

    def days_of(self, cells: pl.DataFrame) -> pl.Series | None:
        """Return the day of each row, counted from 1970, null without one; None if the table has no dates."""
        times = self.chosen.times
        if times is None or times.date is None:
            return None
        dates = cells[str(times.date.index)].str.strip_chars()
        distinct = dates.unique()
        days = pl.Series([moment_of(cell, times.order).day for cell in distinct], dtype=pl.Int32)
        return dates.replace_strict(distinct, days, return_dtype=pl.Int32)

    def person_days(self, cells: pl.DataFrame, frame: pl.DataFrame, days: pl.Series) -> pl.DataFrame:
        """Return day, person, ms and row of each row, as `Days` adds them."""
        person = self.chosen.times.person if self.chosen.times else None
        named = pl.col(str(person.index)).str.strip_chars() if person else NO_TEXT
        people = cells.select("0", person=named)["person"]
        return pl.DataFrame({"day": days, "person": people, "ms": frame["milliseconds"], "row": frame["row"]})


def iso_days(days: pl.Series) -> pl.Series:
    """Return days counted from 1970 as ISO dates, null where there is none."""
    return days.set(days < 1, None).cast(pl.Date).dt.to_string("%Y-%m-%d")


def told_by(column: Column | None) -> pl.Expr:
    """Return the text of the column, null where it has none."""
    if column is None:
        return NOTHING
    text = pl.col(str(column.index)).str.strip_chars()
    return pl.when(text != "").then(text)


def require_rows(cells: pl.DataFrame, header: Line) -> None:
    """Raise NotClean if a line is blank or the header again: the careful reader knows what stands behind it."""
    first = pl.col("0")
    is_ruled = first.str.head(1).is_in([*RULES, ""])
    is_header = first == str(header.cells[0])
    for row in cells.filter(is_ruled | is_header).iter_rows():
        require("".join(row).strip(RULES) != "", "a blank line between the rows")
        require(not same_cells(Line(0, list(row)), header), "the header once more")


def note_odd_rows(columns: Columns, cells: pl.DataFrame, frame: pl.DataFrame, tally: Tally) -> None:
    """Look at each row without a name, with an odd label or an unreadable duration as the careful reader does.

    Raises NotClean if a row may be a total.
    """
    above = tally.sums.total
    odd = odd_places(columns, cells, frame, str(tally.durations.column.index))
    if not len(odd):
        return
    sums = frame["milliseconds"].fill_null(0).cum_sum().shift(1, fill_value=0).gather(odd)
    rows = zip(odd, cells[odd].iter_rows(), frame[odd].iter_rows(), sums, strict=True)
    for place, row, (text, category, milliseconds, number, *_told), sum_in_block in rows:
        label = label_of_line(list(row), columns.texts, columns.category_in(row).strip())
        is_first = place == 0 and not tally.sums.rows
        remark = remark_about(label, milliseconds, above + sum_in_block, is_first=is_first)
        faults: list[Phrase] = []
        if not text and not category:
            tally.warnings.add(number, columns.text_header, NAMELESS)
            faults.append(NAMELESS)
        if remark:
            tally.warnings.add(number, None, remark, is_note=True)
        if milliseconds is None:
            faults += note_unread(row[tally.durations.column.index], number, tally)
        if faults:
            tally.set_aside.note_unread(str(number), Line(number, list(row)), faults)


def odd_places(columns: Columns, cells: pl.DataFrame, frame: pl.DataFrame, durations: str) -> pl.Series:
    """Return the places in the block of the rows that the careful reader looks at more closely."""
    best = pl.col(str(columns.texts[0])) if columns.texts else NO_TEXT
    begins = ["0", *(str(place) for place in columns.texts[:1] if place)]
    has_label = pl.any_horizontal(pl.col(place).str.head(3).is_in(LETTERS) for place in begins)
    categories = cells.select("0", category=columns.category)["category"].unique()
    if odd := [name for name in categories if name.strip()[:3] in FIRST_LETTERS]:
        has_label |= columns.category.is_in(odd)
    is_unread = pl.col("milliseconds").is_null() & (pl.col(durations).str.strip_chars() != "")
    whole = cells.hstack(frame.select("text", "milliseconds"))
    is_odd = has_label | (best == "") | (pl.col("text") == "") | is_unread
    return whole.select(is_odd).to_series().arg_true()


def note_unread(cell: str, number: int, tally: Tally) -> list[Phrase]:
    """Warn of a duration cell that is not empty and gave no duration; return what was said."""
    quantity = tally.durations.quantity(cell)
    if quantity.kind == Kind.EMPTY:
        return []
    said = unread_message(quantity, cell)
    tally.warnings.add(number, tally.durations.column.header, said)
    return [said]
