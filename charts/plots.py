"""Draw plots as SVG: bars, stacked columns, a line, and a donut."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, groupby
from math import floor, pi

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from charts.axes import HEIGHT, WIDTH, Frame, ticks
from charts.figure import Chart, Number, coordinate, exact_number, localized_number, values_table, with_unit
from charts.text import SIZE, cut_text, text_width

ROW = 42
HOLE = 92  # the width of the hole of a donut, in units
RADIUS = 68  # of the middle of its ring
AROUND = Decimal(2 * pi * RADIUS)

Rows = Sequence[tuple[str, Number]]


def bars(title: str, rows: Rows, *, unit: str = "", description: str = "") -> SafeString:
    """Return the figure of horizontal bars, one for each (label, value).

    Raises ValueError for a value that is negative or not finite.
    """
    data = [(str(label), exact_number(value)) for label, value in rows]
    chart = Chart.of("bars", title, description, (data, str(unit)))
    if not data:
        return chart.empty()
    longest = max(value for _label, value in data) or 1
    drawn_bars = ((bar(i, label, value, WIDTH * value / longest, unit),) for i, (label, value) in enumerate(data))
    picture = chart.picture(WIDTH, ROW * len(data), format_html_join("", "{}", drawn_bars))
    figures = ((label, localized_number(value)) for label, value in data)
    return chart.figure(picture, values_table(chart.title, (_("Name"), with_unit(_("Value"), unit)), figures))


def bar(row: int, label: str, value: Decimal, length: Decimal, unit: str) -> SafeString:
    """Return the SVG of one bar below its label and its value; `length` is in units."""
    value_text = cut_text(localized_number(value, unit), WIDTH / 2)
    return format_html(
        '<g><title>{}: {}</title><text x="0" y="{y}">{}</text><text class="end" x="{right}" y="{y}">{}</text>'
        '<rect class="rail" y="{top}" width="{right}" height="12" rx="3"/>'
        '<rect class="fill-1" y="{top}" width="{length}" height="12" rx="3"/></g>',
        label, localized_number(value, unit), cut_text(label, WIDTH - text_width(value_text) - 12), value_text,
        y=ROW * row + 15, top=ROW * row + 22, right=WIDTH, length=coordinate(length),
    )  # fmt: skip


def stacked(
    title: str,
    columns: Sequence[str],
    series: Sequence[tuple[str, Sequence[Number]]],
    *,
    unit: str = "",
    description: str = "",
) -> SafeString:
    """Return the figure of stacked columns: `columns` are their labels, a series is (name, one value per column).

    Raises ValueError for a value that is negative or not finite, or a series that is not as long as the columns.
    """
    labels = [str(label) for label in columns]
    data = [(str(name), [exact_number(value) for value in values]) for name, values in series]
    if any(len(values) != len(labels) for _name, values in data):
        raise ValueError("Each series needs one value for each column.")
    chart = Chart.of("stacked", title, description, (labels, data, str(unit)))
    if not labels or not data:
        return chart.empty()
    totals = [sum(values, Decimal(0)) for values in zip(*(values for _name, values in data), strict=True)]
    frame = Frame(labels, ticks([value for _name, values in data for value in values] + totals), unit)
    drawn = format_html_join("", "{}", ((segment,) for segment in segments(chart, frame, data)))
    picture = chart.picture(WIDTH, HEIGHT, format_html("{}{}{}", chart.hatches(len(data)), frame.svg(), drawn))
    heads = (
        _("Column"),
        *(with_unit(name, unit) for name, _values in data),
        with_unit(_("Total"), unit),
    )
    rows = zip(*(values for _name, values in data), totals, strict=True)
    figures = ((label, *map(localized_number, values)) for label, values in zip(labels, rows, strict=True))
    legend = chart.legend((name, localized_number(sum(values, Decimal(0)), unit)) for name, values in data)
    return chart.figure(format_html("{}{}", picture, legend), values_table(chart.title, heads, figures))


def segments(chart: Chart, frame: Frame, data: list[tuple[str, list[Decimal]]]) -> Iterator[SafeString]:
    """Yield the SVG of each column's parts, from the bottom up; a part of value 0 is left out."""
    piece = '<rect fill="{}" class="part" x="{}" y="{}" width="{}" height="{}"><title>{}, {}: {}</title></rect>'
    thick = min(frame.pitch * 0.8, 44)
    for i, label in enumerate(frame.labels):
        tops = list(accumulate((values[i] for _name, values in data), initial=Decimal(0)))
        for number, (name, values) in enumerate(data):
            if values[i]:
                foot, top = frame.y(tops[number]), frame.y(tops[number + 1])
                place = coordinate(frame.x(i) - thick / 2), coordinate(top), coordinate(thick), coordinate(foot - top)
                yield format_html(
                    piece, chart.fill(number), *place, label, name, localized_number(values[i], frame.unit)
                )  # fmt: skip


def line(
    title: str, points: Sequence[tuple[str, Number | None]], *, unit: str = "", description: str = ""
) -> SafeString:
    """Return the figure of a line through the points (label, value); a value of None is a gap.

    Raises ValueError for a value that is not finite.
    """
    data = [(str(label), None if value is None else exact_number(value, negative=True)) for label, value in points]
    chart = Chart.of("line", title, description, (data, str(unit)))
    known_values = [value for _label, value in data if value is not None]
    if not known_values:
        return chart.empty()
    frame = Frame([label for label, _value in data], ticks(known_values), unit)
    picture = chart.picture(WIDTH, HEIGHT, format_html("{}{}{}", frame.svg(), *curve(frame, data)))
    figures = ((label, "–" if value is None else localized_number(value)) for label, value in data)
    return chart.figure(picture, values_table(chart.title, (_("Point"), with_unit(_("Value"), unit)), figures))


def curve(frame: Frame, data: list[tuple[str, Decimal | None]]) -> tuple[SafeString, SafeString]:
    """Return the SVG of the strokes, one for each run of points without a gap, and of the dots, one for each value."""
    dots = [
        (coordinate(frame.x(i)), coordinate(frame.y(v)), label, v) for i, (label, v) in enumerate(data) if v is not None
    ]
    remaining = iter(dots)
    runs = [
        [next(remaining)[:2] for _point in run]
        for has_value, run in groupby(data, lambda point: point[1] is not None)
        if has_value
    ]
    paths = (("M" + "L".join(f"{x} {y}" for x, y in run),) for run in runs if len(run) > 1)
    dot = '<circle class="fill-1" cx="{}" cy="{}" r="{}"><title>{}: {}</title></circle>'
    radius = 3 if frame.pitch > 8 else 1.5
    circles = ((x, y, radius, label, localized_number(value, frame.unit)) for x, y, label, value in dots)
    return format_html_join("", '<path class="line" d="{}"/>', paths), format_html_join("", dot, circles)


def donut(title: str, rows: Rows, *, unit: str = "", description: str = "") -> SafeString:
    """Return the figure of a ring whose arcs are the shares of the (label, value) rows in their sum.

    Raises ValueError for a value that is negative or not finite.
    """
    data = [(str(label), exact_number(value)) for label, value in rows]
    chart = Chart.of("donut", title, description, (data, str(unit)))
    total = sum((value for _label, value in data), Decimal(0))
    if not total:
        return chart.empty()
    ring = arcs(chart, [(label, value / total) for label, value in data])
    picture = chart.picture(180, 180, format_html("{}{}{}", chart.hatches(len(data)), ring, hole(total, unit)))
    percentages = [percent(tenths) for tenths in shares([value for _label, value in data])]
    legend = chart.legend((label, share) for (label, _value), share in zip(data, percentages, strict=True))
    figures = ((label, localized_number(value), share) for (label, value), share in zip(data, percentages, strict=True))
    heads = (_("Name"), with_unit(_("Value"), unit), _("Share"))
    beside = format_html('<div class="beside">{}{}</div>', picture, legend)
    return chart.figure(beside, values_table(chart.title, heads, figures))


def hole(total: Decimal, unit: str) -> SafeString:
    """Return the SVG of the sum and its unit in the middle of the ring; the sum is large if it fits."""
    text = localized_number(total)
    css, y = "middle total" if text_width(text) <= HOLE * SIZE / 20 else "middle", 92 if unit else 97
    number = format_html('<text class="{}" x="90" y="{}">{}</text>', css, y, cut_text(text, HOLE))
    words = format_html('<text class="middle quiet" x="90" y="110">{}</text>', cut_text(unit, HOLE - 20))
    return format_html("{}{}", number, words if unit else "")


def arcs(chart: Chart, parts: list[tuple[str, Decimal]]) -> SafeString:
    """Return the SVG of the ring, from the top clockwise; `parts` are (label, share from 0 to 1).

    Each arc is a dash of a circle. Its length is in units: a PDF's typesetter does not know the attribute `pathLength`,
    with which it could be in percent.
    """
    arc = (
        '<circle class="arc" cx="90" cy="90" r="{}" transform="rotate(-90 90 90)" '
        'stroke="{}" stroke-dasharray="{} {}" stroke-dashoffset="-{}"><title>{}</title></circle>'
    )
    starts = accumulate((part for _label, part in parts), initial=Decimal(0))
    rows = (
        (RADIUS, chart.fill(i), *(f"{AROUND * share:.3f}" for share in (part, 1 - part, start)), label)
        for i, ((label, part), start) in enumerate(zip(parts, starts, strict=False))
        if part
    )
    return format_html_join("", arc, rows)


def shares(values: Sequence[Decimal]) -> list[int]:
    """Return the shares of the values in tenths of a percent, which sum to 1,000 exactly.

    Largest remainder method: all are rounded down, then those with the largest remainders are raised by one.
    """
    fractions = [Fraction(value) for value in values]
    unrounded = [1000 * value / sum(fractions) for value in fractions]
    rounded = [floor(share) for share in unrounded]
    by_remainder = sorted(range(len(values)), key=lambda i: rounded[i] - unrounded[i])
    for i in by_remainder[: 1000 - sum(rounded)]:
        rounded[i] += 1
    return rounded


def percent(tenths: int) -> str:
    """Return tenths of a percent as a percentage in the reader's format."""
    return _("%(number)s%%") % {"number": localized_number(Decimal(tenths) / 10)}
