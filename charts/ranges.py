"""Draw ranges as SVG: a bar from the lowest to the highest value, with a mark at the value in between."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from charts.figure import Chart, Number, coordinate, exact_number, localized_number, values_table, with_unit
from charts.text import cut_text, text_width

WIDTH, ROW = 340, 56


@dataclass(frozen=True)
class Span:
    """One range: its label, and its three numbers in order."""

    label: str
    low: Decimal
    value: Decimal
    high: Decimal

    @property
    def words(self) -> tuple[str, str, str]:
        """The three numbers in the reader's format."""
        return localized_number(self.low), localized_number(self.value), localized_number(self.high)


def ranges(
    title: str, rows: Sequence[tuple[str, Number, Number, Number]], *, unit: str = "", description: str = ""
) -> SafeString:
    """Return the figure of ranges, one for each (label, low, value, high), on one scale that begins at zero.

    Raises ValueError for a number that is negative or not finite, or for numbers that are not in this order.
    """
    spans = [Span(str(label), *map(exact_number, numbers)) for label, *numbers in rows]
    if any(not span.low <= span.value <= span.high for span in spans):
        raise ValueError("The numbers of a range have to be in order: low, value, high.")
    chart = Chart.of("ranges", title, description, (spans, str(unit)))
    if not spans:
        return chart.empty()
    scale = WIDTH / (max(span.high for span in spans) or Decimal(1))
    drawn = ((one_range(i, span, scale, unit),) for i, span in enumerate(spans))
    picture = chart.picture(WIDTH, ROW * len(spans), format_html_join("", "{}", drawn))
    heads = (_("Name"), *(with_unit(head, unit) for head in (_("Low"), _("Value"), _("High"))))
    figures = ((span.label, *span.words) for span in spans)
    return chart.figure(picture, values_table(chart.title, heads, figures))


def one_range(row: int, span: Span, scale: Decimal, unit: str) -> SafeString:
    """Return the SVG of one range below its label and its value; its ends are written under it."""
    low, value, high = span.words
    value_text = cut_text(localized_number(span.value, unit), WIDTH / 2)
    start, end = span.low * scale, span.high * scale
    mark = min(max(span.value * scale, Decimal(1)), Decimal(WIDTH - 1))
    low_at, high_at = label_places(start, end, low, high)
    return format_html(
        '<g><title>{}: {} – {} – {}</title><text x="0" y="{y}">{}</text>'
        '<text class="end" x="{right}" y="{y}">{}</text>'
        '<rect class="rail" y="{top}" width="{right}" height="12" rx="3"/>'
        '<rect class="span" x="{}" y="{top}" width="{}" height="12" rx="3"/><path class="mark" d="M{} {}v18"/>'
        '<text class="quiet" x="{}" y="{under}">{}</text><text class="quiet end" x="{}" y="{under}">{}</text></g>',
        span.label, low, value, high, cut_text(span.label, WIDTH - text_width(value_text) - 12), value_text,
        coordinate(start), coordinate(max(end - start, Decimal(2))), coordinate(mark), ROW * row + 17,
        coordinate(low_at), low, coordinate(high_at), high,
        right=WIDTH, y=ROW * row + 13, top=ROW * row + 20, under=ROW * row + 47,
    )  # fmt: skip


def label_places(start: Decimal, end: Decimal, low: str, high: str) -> tuple[float, float]:
    """Return where the low text begins and the high text ends, so that they stay inside and do not overlap."""
    both = text_width(low) + text_width(high) + 12
    high_at = min(float(WIDTH), max(float(end), float(start) + both))
    return max(0.0, min(float(start), high_at - both)), high_at
