"""Read a clean table by columns: a million rows in about a second, in memory that does not grow with them.

The layout, the columns and the marks are decided by the careful reader's own functions on the first lines, the meaning
of the durations by its own functions on a sample that it would take too. polars then goes through the file once, a
block of lines at a time: it is the fastest reader of columns that installs everywhere, without a system library, and
does arithmetic on them without a loop in Python. The careful parser reads each cell that is not plain, and each row
that is labelled oddly.

This path is never less careful than `reading.py`: what it returns is exactly what that reader would return, and
whatever it cannot be sure of raises NotClean, after which that reader reads the file. So it has no doubts of its own.
What the sample said is checked once more at the end, and so are the spellings of the categories; if they turn out other
than they were used, the file is read once more with those that are now known.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from intake.spreadsheets.answers import COLUMN_FIELDS
from intake.spreadsheets.categories import spellings
from intake.spreadsheets.checks import CROWDED, IN_THE_FUTURE, OVER_A_DAY, TWICE, named_rows, only_some_named
from intake.spreadsheets.choosing import Durations, choose_durations
from intake.spreadsheets.clean.blocks import NotClean, columns_of, lines_in_blocks, one_ahead, require
from intake.spreadsheets.clean.durations import ColumnOfDurations
from intake.spreadsheets.clean.rows import Columns, note_odd_rows, require_rows
from intake.spreadsheets.clean.tally import Days, Found, Tally, Warnings
from intake.spreadsheets.comparing import CLOCK_NAMES
from intake.spreadsheets.delimited import Text, open_delimited
from intake.spreadsheets.describing import Reading, columns_shown, describe, warnings_about_file
from intake.spreadsheets.durations import Kind
from intake.spreadsheets.known import program_of
from intake.spreadsheets.layout import find_layout
from intake.spreadsheets.moments import FIRST_DAY
from intake.spreadsheets.opening import decimal_mark
from intake.spreadsheets.phrases import Phrase
from intake.spreadsheets.reading import SAMPLE_ROWS
from intake.spreadsheets.set_aside import SetAside
from intake.spreadsheets.sheet import MOST_ROWS, RowWarning, cell_text
from intake.spreadsheets.sources import OLE, PDF, ZIP, Source
from intake.spreadsheets.survey import Survey, choose_columns, sample_of
from intake.spreadsheets.units import DAY_MILLISECONDS
from intake.spreadsheets.words import words_of


class ReadAgain(Exception):
    """The categories are spelled otherwise than was assumed: the rows have to be read once more."""


@dataclass
class Ending:
    """What is known after the last row: as of `Table`, and the sum of each category in milliseconds."""

    reading: Reading
    columns: dict[str, str]
    rows_read: int
    row_warnings: int
    warnings: list[RowWarning]
    milliseconds: int
    breakdown: dict[str, int]
    set_aside: SetAside


class CleanTable:
    """The rows of one delimited file, by columns; `answers` settles doubts. Raises NotClean, at once or later."""

    def __init__(self, path: Path, limit_warnings: int, answers: Mapping[str, str] | None = None) -> None:
        self._limit, self._answers = limit_warnings, dict(answers or {})
        by_hand = [field for field in self._answers if field in COLUMN_FIELDS or ":" in field]
        require(not by_hand, "columns, rows or cells decided by a person")
        self._source = Source(path)
        require(not self._source.start.startswith((PDF, ZIP, OLE)), "no delimited text")
        self._text = Text(self._source)
        sheet = open_delimited(self._source, self._text)
        self._delimiter = sheet.delimiter
        self._layout = find_layout(path.name, [sheet])
        self._sample = list(sample_of(self._layout, SAMPLE_ROWS))
        decimal = decimal_mark(self._layout, self._sample)
        self._chosen = choose_columns(self._layout.columns, self._sample, decimal)
        self._require_plain_columns()
        self._columns = Columns.of(self._layout, self._chosen)
        self._spelled: dict[str, str] = {}
        self.ending: Ending | None = None

    def _require_plain_columns(self) -> None:
        """Raise NotClean if the durations could come from several columns, or the rows have times of day."""
        chosen, columns = self._chosen, self._layout.columns
        require(len(chosen.durations) == 1, "not exactly one column of durations")
        require(chosen.durations[0].form != "mm:ss", "durations in minutes and seconds")
        require(not columns.counts, "a column of counts")
        if times := chosen.times:
            require(not times.start.columns and not times.end.columns, "starts or ends")
            require(times.date is not None and times.all_day is None, "times of another form")

    def frames(self) -> Iterator[pl.DataFrame]:
        """Yield the rows in frames, once more after ReadAgain; afterwards `ending` is there."""
        chosen, columns = self._chosen, self._columns
        today = (date.today() - FIRST_DAY).days
        has_person = chosen.times is not None and chosen.times.person is not None
        durations = ColumnOfDurations(chosen.durations[0], chosen.decimal)
        tally = Tally(durations, Warnings(self._limit), Days(today, has_person))
        used: dict[str, str] = {}
        header = self._layout.parts[0].header

        def cells_of(block: bytes) -> pl.DataFrame:
            cells = columns_of(block, len(columns.headers), self._delimiter)
            require_rows(cells, header)
            return cells

        blocks = filter(None, lines_in_blocks(self._source, self._text, self._layout.header_row))
        for cells in one_ahead(blocks, cells_of):
            yield self._read_block(cells, tally, used)
        require(tally.sums.rows > 0, "no rows")
        self._end(tally, used)

    def _read_block(self, cells: pl.DataFrame, tally: Tally, used: dict[str, str]) -> pl.DataFrame:
        """Return the rows of the block, and add them to the tally. Raises NotClean."""
        columns, at = self._columns, str(self._chosen.durations[0].index)
        is_number = tally.durations.note(cells[at])
        if not tally.sums.rows:
            tally.unit = self._decide(tally).unit
        milliseconds = tally.durations.milliseconds(cells[at], is_number, tally.unit)
        first_row = self._layout.header_row + tally.sums.rows + 1
        written = tally.categories.add(cells.select("0", category=columns.category)["category"], milliseconds)
        named = spellings(tally.categories.counts)
        for cell in written:
            text = cell_text(cell)
            used.setdefault(text, self._spelled.get(text, named.get(text, text)))
        days = columns.days_of(cells)
        frame = columns.rows_of(cells, milliseconds, first_row, used, days)
        note_odd_rows(columns, cells, frame, tally)
        tally.long.add(frame.filter(pl.col("milliseconds") > DAY_MILLISECONDS)["row"])
        if days is not None:
            tally.twins.add(cells, frame["row"])
            tally.days.add(columns.person_days(cells, frame, days))
        tally.sums.add(milliseconds)
        tally.last_filled = sum(cell != "" for cell in cells.row(-1))
        require(tally.sums.rows <= MOST_ROWS, "too many rows")
        return frame

    def _decide(self, tally: Tally) -> Durations:
        """Return what the careful reader's functions make of the durations noted so far. Raises NotClean at a doubt."""
        noted = tally.durations
        has_numbers = bool(noted.kinds[Kind.BARE])
        require(has_numbers or noted.kinds[Kind.FIXED] > 0, "no durations")
        is_named_time = set(words_of(noted.column.header)) <= CLOCK_NAMES
        require(has_numbers or not is_named_time, "durations that may be times of day")
        values = noted.as_values()
        survey = Survey(candidates=[values])
        survey.numbers.extend(range(len(values.kinds)))
        found = choose_durations(survey, self._answers, program_of(self._layout.columns.headers))
        require(not found.doubts and found.values is values, "durations in doubt")
        return found

    def _end(self, tally: Tally, used: dict[str, str]) -> None:
        """Check what was assumed, and set `ending`. Raises NotClean, or ReadAgain for other spellings."""
        durations = self._decide(tally)
        require(durations.unit == tally.unit or not tally.durations.kinds[Kind.BARE], "numbers of another unit")
        tally.sums.require_no_total(tally.last_filled)
        spelled = spellings(tally.categories.counts)
        if any(spelled.get(text, text) != taken for text, taken in used.items()):
            self._spelled = {text: spelled.get(text, text) for text in used}
            raise ReadAgain
        survey = Survey(times=self._chosen.times, categories=tally.categories.counts)
        reading = describe(self._layout, survey, self._chosen, durations, self._sample)
        reading.milliseconds, reading.timed = tally.sums.total, tally.sums.timed
        if program := program_of(self._layout.columns.headers):
            reading.program = program.name
        warnings = Warnings(self._limit)
        for row, column, message in warnings_about_file(self._layout, durations, []):
            warnings.add(row, column, message, is_note=True)
        after = [RowWarning(row, durations.header, said, True) for row, said in self._notes(tally)]
        breakdown: dict[str, int] = {}
        for text, total in tally.categories.sums.items():
            name = spelled.get(text, text)
            breakdown[name] = breakdown.get(name, 0) + total
        self.ending = Ending(
            reading=reading,
            columns=columns_shown(reading),
            rows_read=tally.sums.rows,
            row_warnings=warnings.count + tally.warnings.count + len(after),
            warnings=(warnings.kept + tally.warnings.kept + after)[: self._limit],
            milliseconds=tally.sums.total,
            breakdown=breakdown,
            set_aside=tally.set_aside,
        )

    def _notes(self, tally: Tally) -> Iterator[tuple[int, Phrase]]:
        """Yield (number of the row, sentence) for what is odd about the rows as a whole, as `checks.notes_about`."""
        crowded = tally.days.crowded()
        first_row = self._layout.header_row + 1
        kinds = [
            (OVER_A_DAY, tally.long),
            (IN_THE_FUTURE, tally.days.future),
            (CROWDED, Found(len(crowded), list(crowded[:5]))),
        ]
        for what, found in kinds:
            if found.count:
                yield found.first[0], named_rows(found.first, found.count, what)
        if about := only_some_named(tally.categories.counts, tally.sums.rows):
            yield first_row, about
        if tally.twins.found.count:
            twins = tally.twins.found
            yield (
                twins.first[0],
                named_rows(twins.first, twins.count, TWICE),
            )


def read_clean(table: CleanTable, consume: Callable[[Iterator[pl.DataFrame]], object]) -> Ending:
    """Have `consume` go through the frames of rows, once more if they have to be read again; return the ending.

    Raises NotClean.
    """
    for _ in range(2):
        with suppress(ReadAgain):
            consume(table.frames())
            if table.ending is not None:
                return table.ending
    raise NotClean("categories whose spelling does not settle")
