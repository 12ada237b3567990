"""What a row tells beside its task and duration: when it began and ended, who did it, and its case."""

from array import array
from collections.abc import Callable, Sequence

from intake.spreadsheets.columns import Column
from intake.spreadsheets.rows import Row
from intake.spreadsheets.sheet import Cell, cell_text
from intake.spreadsheets.spans import Clock, iso_text
from intake.spreadsheets.survey import Chosen
from intake.spreadsheets.units import DAY_MILLISECONDS

# Returns the moment of a row in ISO 8601, from its index in the survey and its cells; empty if it names no day.
ReadMoment = Callable[[int, Sequence[Cell]], str]
ISO_ENDS = frozenset("0123456789Z")
# The index of a column that the table has not: beyond the end of any line.
NO_COLUMN = 1 << 30


def details_reader(chosen: Chosen) -> Callable[[Row, int, Sequence[Cell]], None]:
    """Return a function (row, its index in the survey, its cells) that adds to the row what these columns tell.

    A key is added only where the cell is filled and can be read. The moments are those that the survey noted.
    """
    times = chosen.times
    start = moment_reader(times.start, times.starts, times.start_offsets) if times else None
    end = moment_reader(times.end, times.ends, times.end_offsets) if times and times.end.columns else None
    person, case = index_of(chosen.person), index_of(chosen.case)

    def add_details(row: Row, index: int, cells: Sequence[Cell]) -> None:
        if start and (moment := start(index, cells)):
            row["started_at"] = moment
        if end and (moment := end(index, cells)):
            row["ended_at"] = moment
        if person < len(cells) and (name := cell_text(cells[person])):
            row["person"] = name
        if case < len(cells) and (named := cell_text(cells[case])):
            row["case"] = named

    return add_details


def index_of(column: Column | None) -> int:
    """Return the index of the column; one that no row has if there is none."""
    return column.index if column else NO_COLUMN


def moment_reader(clock: Clock, moments: "array[int]", offsets: "array[int]") -> ReadMoment:
    """Return a function that returns the moment of a row from these arrays; the cell itself if it is in ISO 8601."""
    place = index_of(clock.moment)

    def read(index: int, cells: Sequence[Cell]) -> str:
        milliseconds = moments[index]
        if milliseconds < DAY_MILLISECONDS:
            return ""
        if place < len(cells):
            cell = cells[place]
            # The survey could read the cell: of this form it can only be a date, a T and a time of day.
            if type(cell) is str and cell[10:14:3] == "T:" and cell[-1] in ISO_ENDS and " " not in cell:
                return cell
        return iso_text(milliseconds, offsets[index])

    return read
