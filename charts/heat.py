"""Draw a heat map as SVG: a grid of cells, whose size and colour both grow with the value."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import ceil, sqrt

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from charts.figure import Chart, Number, coordinate, exact_number, localized_number, values_table, with_unit
from charts.text import cut_text, text_width

WIDTH, ROW, HEAD = 340, 24, 20
LONGEST_ROW_LABEL = 96
# The smallest mark of a value that is not zero, as a part of its cell: smaller ones cannot be seen.
SMALLEST_MARK = 0.25
STEPS = 5

Lines = Sequence[tuple[str, Sequence[Number]]]


def heat(title: str, columns: Sequence[str], rows: Lines, *, unit: str = "", description: str = "") -> SafeString:
    """Return the figure of a heat map: `columns` are their labels, a row is (label, one value for each column).

    Raises ValueError for a value that is negative or not finite, or a row that is not as long as the columns.
    """
    labels = [str(label) for label in columns]
    data = [(str(label), [exact_number(value) for value in values]) for label, values in rows]
    if any(len(values) != len(labels) for _label, values in data):
        raise ValueError("Each row needs one value for each column.")
    chart = Chart.of("heat", title, description, (labels, data, str(unit)))
    highest = max((value for _label, values in data for value in values), default=Decimal(0))
    if not highest:
        return chart.empty()
    body = format_html("{}{}", column_labels(labels, left_of(data)), grid(labels, data, highest, unit))
    picture = chart.picture(WIDTH, HEAD + ROW * len(data), body)
    heads = (_("Row"), *(with_unit(label, unit) for label in labels))
    figures = ((label, *map(localized_number, values)) for label, values in data)
    return chart.figure(picture, values_table(chart.title, heads, figures))


def left_of(data: Sequence[tuple[str, list[Decimal]]]) -> float:
    """Return the x coordinate at which the cells begin, to the right of the labels of the rows."""
    return 8 + min(LONGEST_ROW_LABEL, max(text_width(label) for label, _values in data))


def column_labels(labels: list[str], left: float) -> SafeString:
    """Return the SVG of the labels above the columns: all that fit, else every second, third and so on."""
    pitch = (WIDTH - left) / len(labels)
    every = ceil((max(map(text_width, labels)) + 6) / pitch)
    shown = ((coordinate(left + pitch * (i + 0.5)), labels[i]) for i in range(0, len(labels), every))
    return format_html_join("", '<text class="middle quiet" x="{}" y="12">{}</text>', shown)


def grid(labels: list[str], data: Sequence[tuple[str, list[Decimal]]], highest: Decimal, unit: str) -> SafeString:
    """Return the SVG of the rows: a label, and a cell with a mark for each value."""
    left = left_of(data)
    lines = (
        (
            cut_text(label, LONGEST_ROW_LABEL),
            HEAD + ROW * row + ROW / 2 + 4,
            format_html_join("", "{}", ((cell,) for cell in cells(row, label, labels, values, left, highest, unit))),
        )
        for row, (label, values) in enumerate(data)
    )
    return format_html_join("", '<text x="0" y="{1}">{0}</text>{2}', lines)


def cells(
    row: int, label: str, labels: list[str], values: list[Decimal], left: float, highest: Decimal, unit: str
) -> Iterator[SafeString]:
    """Yield the SVG of the cells of one row: the area of a mark is proportional to its value."""
    pitch = (WIDTH - left) / len(labels)
    cell = (
        '<g><title>{}, {}: {}</title><rect class="cell" x="{}" y="{}" width="{}" height="{}"/>'
        '<rect class="fill-1 heat-{}" x="{}" y="{}" width="{}" height="{}" rx="2"/></g>'
    )
    for i, value in enumerate(values):
        side = max(SMALLEST_MARK, sqrt(value / highest)) if value else 0
        wide, high = side * (pitch - 2), side * (ROW - 2)
        x, y = left + pitch * i, HEAD + ROW * row
        mark = (x + (pitch - wide) / 2, y + (ROW - high) / 2, wide, high)
        yield format_html(
            cell, label, labels[i], localized_number(value, unit), *map(coordinate, (x + 1, y + 1, pitch - 2, ROW - 2)),
            ceil(STEPS * value / highest), *map(coordinate, mark),
        )  # fmt: skip
