"""Turn a spreadsheet into rows: what can be told is read, what cannot be told is a doubt, nothing is guessed silently.

The file is gone through twice. The first pass notes what the cells may mean (`survey`); then the meaning of the
durations, the totals among the rows and the spelling of the categories are decided; the second pass returns the rows.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path

from intake.spreadsheets.by_hand import LEFT_OUT, decided_rows, mend, place_of
from intake.spreadsheets.categories import spellings
from intake.spreadsheets.checks import notes_about
from intake.spreadsheets.choosing import OpenChoice, choose_durations
from intake.spreadsheets.columns import Column
from intake.spreadsheets.describing import columns_shown, describe, warnings_about_file
from intake.spreadsheets.details import NO_COLUMN, details_reader, index_of
from intake.spreadsheets.doubts import Choice, Doubt
from intake.spreadsheets.durations import Kind, quantity_of, unread_message
from intake.spreadsheets.evidence import MISSING
from intake.spreadsheets.known import program_of
from intake.spreadsheets.mapping import as_chosen, mapped, require_followed, used_columns
from intake.spreadsheets.opening import decimal_mark, open_sheets
from intake.spreadsheets.phrases import Phrase, gettext_noop
from intake.spreadsheets.rows import Row
from intake.spreadsheets.set_aside import SetAside
from intake.spreadsheets.sheet import (
    MS_PER_MINUTE,
    NO_PHRASE,
    Cell,
    Line,
    RowWarning,
    Unreadable,
    cell_text,
)
from intake.spreadsheets.survey import choose_columns, sample_of, survey_of
from intake.spreadsheets.totals import equal_sheets, summed_sheets, total_rows
from intake.spreadsheets.unnamed import layout_by_answers

# The first rows decide which of several columns is filled, and what dates look like.
SAMPLE_ROWS = 200
SHOWN_ROWS, SHOWN_CELLS, LONGEST_SHOWN = 3, 20, 80
LAST_ROW, SAME_SHEETS = "last_row", "same_sheets"
NAMELESS = Phrase(gettext_noop("The row names no task and no category. If it is a total, delete the row."))
FROM_TIMES = Phrase(gettext_noop("The cell has no duration: the time from start to end was taken."))
UNREAD_FROM_TIMES = gettext_noop("%(why)s The cell has no duration: the time from start to end was taken.")
NO_DURATIONS = Phrase(
    gettext_noop("No column holds a duration: every row is read without one. Name a column Duration (min).")
)
SUM_OF_SHEETS = Phrase(gettext_noop("is the sum of all others"))
COPIES = gettext_noop("The durations on %(names)s are exactly those of an earlier sheet. Are they copies?")
COUNT_ONCE = Phrase(gettext_noop("they are copies and count once"))
COUNT_TOO = Phrase(gettext_noop("they are work of their own and count too"))
TOTAL_LEFT_OUT = Phrase(gettext_noop("The row is a total of the rows above: it was left out."))
IS_TOTAL = gettext_noop("Row %(row)s is exactly the sum of all rows above. Is it their total?")
A_TOTAL = Phrase(gettext_noop("it is a total and does not count"))
A_TASK = Phrase(gettext_noop("it is a task like the others"))
TOO_FEW_CELLS = gettext_noop("The row has %(count)s of %(width)s cells: the rest is taken as empty.")
TOO_MANY_CELLS = gettext_noop("The row has %(count)s cells, its header %(width)s: the rest is left out.")


class Table:
    """The rows of one file, to be iterated once, at most `limit_warnings` warnings kept.

    `columns` (role → header) and `reading` are known from the beginning; the counts, the warnings and the rows that
    are set aside after the last row.
    `answers` settles doubts: {field: value of a choice}. The same file and answers always give the same rows.
    """

    def __init__(self, path: Path, limit_warnings: int, answers: Mapping[str, str] | None = None) -> None:
        self.rows_read = self.row_warnings = self.row_number = self.milliseconds = 0
        self.warnings: list[RowWarning] = []
        self.set_aside, self._faults = SetAside(), list[Phrase]()
        self._limit, self._name = limit_warnings, path.name
        self._opened = open_sheets(path)
        self._layout = layout_by_answers(self._name, self._opened, answers or {})
        self._survey_and_decide(dict(answers or {}))
        self._rows = self._read_rows()

    def _survey_and_decide(self, answers: dict[str, str]) -> None:
        """Go through the table once and decide what its durations, totals and categories are. Raises Unreadable."""
        layout = self._layout
        sample = list(sample_of(layout, SAMPLE_ROWS))
        layout.columns = mapped(layout.columns, answers)
        found = choose_columns(layout.columns, sample, decimal_mark(layout, sample))
        self._chosen = as_chosen(found, layout.columns, answers)
        mend(layout, answers)
        self._survey = survey_of(self._name, layout, self._chosen)
        if not len(self._survey):
            words = gettext_noop("%(file)s has no rows below its header: it needs a header row and rows below it.")
            raise Unreadable(words, file=self._name)
        program = program_of(layout.columns.headers)
        self._durations = choose_durations(self._survey, answers, program)
        used = used_columns(self._survey, self._chosen, self._durations)
        require_followed(layout.columns, used, answers, sample)
        self._require_durations()
        survey, durations = self._survey, self._durations
        self._totals, self._remarks, doubtful = total_rows(
            survey.labels, durations.milliseconds, survey.filled, survey.parts
        )
        doubtful = self._decide_by_hand(doubtful, answers)
        self._spellings = spellings(survey.categories)
        doubts = self._sheet_doubts(answers)
        # Before the other totals are computed, because its first choice leaves the row out of them.
        about_last_row = self._last_row_doubt(doubtful, answers)
        doubts += [*(self._doubt(choice) for choice in durations.doubts), *about_last_row]
        self.reading = describe(layout, survey, self._chosen, durations, sample)
        self._note_sums()
        self.reading.doubts, self.reading.program = doubts, program.name if program else ""
        self.columns = columns_shown(self.reading)

    def _note_sums(self) -> None:
        """Note the sum of the rows that count, how many have a duration, and which have to be looked at."""
        durations, self._odd = self._durations, self._rows_to_look_at()
        self.reading.milliseconds = self._total(durations.milliseconds)
        counted = enumerate(durations.milliseconds)
        self.reading.timed = sum(value != MISSING and row not in self._totals for row, value in counted)

    def _decide_by_hand(self, doubtful: int | None, answers: dict[str, str]) -> int | None:
        """Count the rows and leave out those that a person said; return the last row if it is still in doubt."""
        decided = decided_rows(self._layout, self._survey, answers)
        for index, counts in decided.items():
            if counts:
                self._totals.pop(index, None)
                self._remarks.pop(index, None)
            else:
                self._totals[index] = LEFT_OUT
        return None if doubtful in decided else doubtful

    def _require_durations(self) -> None:
        """Raise Unreadable if the table has durations and not one of them can be read."""
        failed = [values for values in self._survey.candidates if values.failed and not values.readable]
        if not failed or any(value != MISSING for value in self._durations.milliseconds) or self._durations.doubts:
            return
        values = failed[0]
        row = values.kinds.index(Kind.UNREADABLE)
        line = next(line for n, line in enumerate(self._layout.lines()) if n == row)
        message = quantity_of(self._cell(line, values.column), self._chosen.decimal).message
        raise Unreadable(
            gettext_noop("No duration of %(file)s can be read. In row %(row)s, column “%(column)s”: %(why)s"),
            file=self._name,
            row=str(line.number),
            column=values.column.header,
            why=message,
        )

    def _sheet_doubts(self, answers: dict[str, str]) -> list[Doubt]:
        """Leave out the sheets that sum up all others, and return the doubt about sheets that repeat another one."""
        durations, layout = self._durations.milliseconds, self._layout
        for place in summed_sheets(durations, self._survey.parts):
            layout.leave_out(place, SUM_OF_SHEETS)
            self._totals.update(dict.fromkeys(self._rows_of_part(place), NO_PHRASE))
        twins = equal_sheets(durations, self._survey.parts)
        if not twins or answers.get(SAME_SHEETS) == "both":
            return []
        total = self._total(durations)
        for place in twins:
            self._totals.update(dict.fromkeys(self._rows_of_part(place), NO_PHRASE))
        if answers.get(SAME_SHEETS) == "once":
            return []
        choices = [
            Choice("once", COUNT_ONCE, self._total(durations)),
            Choice("both", COUNT_TOO, total),
        ]
        title = Phrase(COPIES, names=[layout.parts[place].sheet.name for place in twins])
        return [Doubt(SAME_SHEETS, title, choices, layout.header_row, None)]

    def _rows_of_part(self, place: int) -> range:
        """Return the indexes of the rows of one sheet."""
        parts = [*self._survey.parts, len(self._survey)]
        return range(parts[place], parts[place + 1])

    def _last_row_doubt(self, doubtful: int | None, answers: dict[str, str]) -> list[Doubt]:
        """Return the doubt whether the last row is a total of the others; an answer that it is leaves it out."""
        if doubtful is None or answers.get(LAST_ROW) == "task":
            return []
        if answers.get(LAST_ROW) == "total":
            self._totals[doubtful] = TOTAL_LEFT_OUT
            return []
        durations, number = self._durations.milliseconds, self._survey.numbers[doubtful]
        total = self._total(durations)
        choices = [
            Choice("total", A_TOTAL, total - durations[doubtful]),
            Choice("task", A_TASK, total),
        ]
        self._totals[doubtful] = TOTAL_LEFT_OUT
        title = Phrase(IS_TOTAL, row=str(number))
        return [Doubt(LAST_ROW, title, choices, number, self._durations.header, self._shown_rows([doubtful]))]

    def _doubt(self, choice: OpenChoice) -> Doubt:
        """Return the doubt with the total that each of its readings gives, and three rows as the file shows them."""
        choices = [Choice(value, title, self._total(reading)) for value, title, reading in choice.readings]
        first = choice.readings[0][2]
        rows = [
            row for row in range(len(first)) if row not in self._totals and any(r[2][row] > 0 for r in choice.readings)
        ]
        sample = self._shown_rows(rows[:SHOWN_ROWS])
        return Doubt(choice.field, choice.title, choices, self._layout.header_row, choice.column, sample)

    def _total(self, durations: Iterable[int]) -> int:
        """Return the sum of the durations in milliseconds, without the rows that are totals."""
        return sum(value for row, value in enumerate(durations) if value != MISSING and row not in self._totals)

    def _shown_rows(self, rows: list[int]) -> list[list[str]]:
        """Return the cells of the rows with these indexes, shortened for a question."""
        wanted, shown = set(rows), []
        for index, line in enumerate(self._layout.lines()):
            if index in wanted:
                shown.append([cell_text(cell)[:LONGEST_SHOWN] for cell in line.cells[:SHOWN_CELLS]])
            if len(shown) == len(wanted):
                break
        return shown

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        try:
            row = next(self._rows)
        except StopIteration:
            self._opened.close()
            raise
        self.rows_read += 1
        return row

    def _read_rows(self) -> Iterator[Row]:
        """Yield the rows; add a warning for each thing that is wrong with one, and the notes about all of them."""
        self._warn_about_file()
        durations, totals, spelled = self._durations.milliseconds, self._totals, self._spellings
        unread = self._odd | self._remarks.keys()
        best, *others = [column.index for column in self._chosen.texts] or [NO_COLUMN]
        place, add_details = index_of(self._chosen.category), details_reader(self._chosen)
        width, is_ragged = len(self._layout.columns.headers), self._layout.parts[0].sheet.is_ragged
        for index, line in enumerate(self._layout.lines()):
            if index in totals:
                self._leave_out(line, index)
                continue
            cells, self.row_number = line.cells, line.number
            if line.fault or len(cells) != width:
                self._check_shape(line, width, is_ragged)
            text = cell_text(cells[best]) if best < len(cells) else ""
            if not text and others:
                text = next((found for at in others if at < len(cells) and (found := cell_text(cells[at]))), "")
            named = cell_text(cells[place]) if place < len(cells) else ""
            if not text and not named and not line.fault:
                self._warn(line.number, self.columns.get("text"), NAMELESS)
            if index in unread:
                self._explain(line, index)
            self.milliseconds = value = durations[index]
            minutes = value / MS_PER_MINUTE if value != MISSING else None
            row = Row(text=text, category=spelled.get(named, named), estimated_minutes=minutes, row=line.number)
            add_details(row, index, cells)
            if self._faults:
                self.set_aside.note_unread(place_of(self._layout, self._survey, index), line, self._faults)
                self._faults.clear()
            yield row
        self._warn_about_rows()

    def _warn_about_rows(self) -> None:
        """Add the notes about what is odd about the rows as a whole."""
        for index, message in notes_about(self._survey, self._durations, self._totals, date.today()):
            self._note(self._survey.numbers[index], self._durations.header, message)

    def _leave_out(self, line: Line, index: int) -> None:
        """Note a row that does not count; the rows of a sheet that repeats others were said with their sheet."""
        if why := self._totals[index]:
            self._note(line.number, None, why)
            place = place_of(self._layout, self._survey, index)
            self.set_aside.leave_out(place, line, why, self._durations.milliseconds[index])

    def _rows_to_look_at(self) -> set[int]:
        """Return the rows whose duration cell cannot be read, or whose duration was taken from elsewhere."""
        values = self._durations.values
        if values is None:
            return set()
        kinds = values.kinds
        unread = (
            {row for row, kind in enumerate(kinds) if kind == Kind.UNREADABLE} if Kind.UNREADABLE in kinds else set()
        )
        missing = {
            row
            for row, value in enumerate(self._durations.milliseconds)
            if value == MISSING and kinds[row] not in (Kind.EMPTY, Kind.UNREADABLE)
        }
        return unread | missing | set(self._durations.filled)

    def _explain(self, line: Line, index: int) -> None:
        """Add a warning that says why the row's duration cell was not read as it stands."""
        values = self._durations.values
        if index in self._remarks:
            self._note(line.number, None, self._remarks[index])
        if values is None or index not in self._odd:
            return
        if len(self.warnings) >= self._limit:
            # It is only counted, so that its words are not needed.
            self.row_warnings += 1
            return
        quantity = quantity_of(self._cell(line, values.column), self._chosen.decimal)
        if index not in self._durations.filled:
            message = unread_message(quantity, self._cell(line, values.column))
        elif quantity.kind == Kind.UNREADABLE:
            message = Phrase(UNREAD_FROM_TIMES, why=quantity.message)
        else:
            message = FROM_TIMES
        self._warn(line.number, values.column.header, message)

    def _warn_about_file(self) -> None:
        """Add the warnings about the file as a whole: what was decided without a person, and what is in doubt."""
        for row, column, message in warnings_about_file(self._layout, self._durations, self.reading.doubts):
            self._note(row, column, message)
        if self._durations.values is None and not self._durations.from_times:
            self._warn(self._layout.header_row, None, NO_DURATIONS)
        # From here on they are those of a row.
        self._faults.clear()

    def _check_shape(self, line: Line, width: int, is_ragged: bool) -> None:
        """Add a warning if the line could not be read, or has fewer or more cells than the header."""
        count = len(line.cells)
        if line.fault:
            self._warn(line.number, None, line.fault)
        elif is_ragged and count < width:
            self._warn(line.number, None, about_shape(TOO_FEW_CELLS, count, width))
        elif any(cell_text(cell) for cell in line.cells[width:]):
            self._warn(line.number, None, about_shape(TOO_MANY_CELLS, count, width))

    def _cell(self, line: Line, column: Column) -> Cell:
        """Return the line's cell in the column; empty if the line is too short."""
        return line.cells[column.index] if column.index < len(line.cells) else ""

    def _note(self, row: int, column: str | None, message: Phrase) -> None:
        """Add a note: it counts among the warnings, but everything could be read."""
        self._warn(row, column, message, is_note=True)

    def _warn(self, row: int, column: str | None, message: Phrase, *, is_note: bool = False) -> None:
        """Count the warning, and keep it if fewer than the limit are kept."""
        self.row_warnings += 1
        if not is_note:
            self._faults.append(message)
        if len(self.warnings) < self._limit:
            self.warnings.append(RowWarning(row, column, message, is_note))


@lru_cache(maxsize=256)
def about_shape(template: str, count: int, width: int) -> Phrase:
    """Return what to say about a row of so many cells below a header of `width`; many rows have the same."""
    return Phrase(template, count=count, width=width)
