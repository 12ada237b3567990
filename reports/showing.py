"""Tables and plots of a report in the words and pictures of a page; a PDF is made from the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from reports.drawing import figure_of
from reports.figures import cell_in_words, heading_in_words, is_number
from reports.model import Report, RowsBehind, Table


@dataclass(frozen=True)
class ShownLine:
    """A line of a table: its cells in words, and the rows behind it, where it has some."""

    cells: list[str]
    behind: RowsBehind | None = None


@dataclass(frozen=True)
class ShownTable:
    """A table in words: `numeric` are the indexes of the columns of numbers, `total` is its last line or empty."""

    key: str
    title: str
    headings: list[str]
    lines: list[ShownLine]
    numeric: frozenset[int]
    total: list[str]
    left: int = 0


def shown_table(table: Table, currency: str) -> ShownTable:
    """Return the table in words, with the currency in the headings of its columns of money."""
    behind: Sequence[RowsBehind | None] = table.behind or [None] * len(table.rows)
    units = [column.unit for column in table.columns]
    lines = [
        ShownLine([cell_in_words(value, unit) for value, unit in zip(row, units, strict=True)], rows)
        for row, rows in zip(table.rows, behind, strict=True)
    ]
    headings = [heading_in_words(column, currency) for column in table.columns]
    numeric = frozenset(i for i, column in enumerate(table.columns) if column.is_number)
    return ShownTable(table.key, table.title, headings, lines, numeric, total_of(table), table.left)


def total_of(table: Table) -> list[str]:
    """Return the line of the sums; empty if nothing is to be summed, or rows were left out."""
    if not table.summed or table.left or len(table.rows) < 2:
        return []
    cells = []
    for i, column in enumerate(table.columns):
        values = [row[i] for row in table.rows]
        numbers = [value for value in values if is_number(value)]
        is_summed = column.key in table.summed and len(numbers) == len(values)
        cells.append(cell_in_words(sum(numbers), column.unit) if is_summed else _("Total") if i == 0 else "")
    return cells


def drawn_plots(report: Report) -> list[SafeString]:
    """Return the plots of the report as figures of a page."""
    return [figure_of(plot) for plot in report.plots]
