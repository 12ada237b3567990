"""The axes of a plot: round numbers up the side, labels along the bottom."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from charts.figure import coordinate, localized_number
from charts.text import cut_text, text_width

# In SVG units. Small enough that the text stays readable on a phone; charts.css limits the size on a large screen.
WIDTH = 340
TOP, BOTTOM, HEIGHT = 28, 190, 216
LONGEST_LABEL = 84
TICKS = 4


def ticks(values: Iterable[Decimal]) -> list[Decimal]:
    """Return evenly spaced round numbers that enclose zero and all values, in steps of 1, 2 or 5 × a power of ten."""
    numbers = [Decimal(0), *values]
    low, high = min(numbers), max(numbers)
    rough = ((high - low) or Decimal(1)) / TICKS
    power = Decimal(1).scaleb(rough.adjusted())
    step = next(n * power for n in (1, 2, 5, 10) if n * power >= rough)
    if all(value == value.to_integral_value() for value in numbers):
        step = max(step, Decimal(1))
    first, last = floor(low / step), ceil(high / step)
    return [step * i for i in range(first, max(last, first + 1) + 1)]


@dataclass(frozen=True)
class Frame:
    """The axes of a plot: they map each label to a vertical band and each value to a height, in SVG units."""

    labels: list[str]
    ticks: list[Decimal]
    unit: str

    @property
    def left(self) -> float:
        """Return the x coordinate at which the plot begins, to the right of the axis numbers."""
        return max(40, min(160, 8 + max(text_width(localized_number(tick)) for tick in self.ticks)))

    @property
    def pitch(self) -> float:
        """Return the width of one label's band."""
        return (WIDTH - 16 - self.left) / len(self.labels)

    def x(self, index: int) -> float:
        """Return the x coordinate of the middle of a label's band."""
        return self.left + self.pitch * (index + 0.5)

    def y(self, value: Decimal) -> float:
        """Return the y coordinate of a value; y grows downwards."""
        low, high = self.ticks[0], self.ticks[-1]
        return BOTTOM - float((value - low) / (high - low)) * (BOTTOM - TOP)

    def svg(self) -> SafeString:
        """Return the SVG of the axes: a line and a number at each tick, the unit above, the labels that fit below."""
        grid = '<path class="{}" d="M{} {}H{}"/><text class="end quiet" x="{}" y="{}">{}</text>'
        rows = (
            ("base" if tick == 0 else "grid", coordinate(self.left), coordinate(self.y(tick)), WIDTH,
             coordinate(self.left - 6), coordinate(self.y(tick) + 4), cut_text(localized_number(tick), 152))
            for tick in self.ticks
        )  # fmt: skip
        names = format_html_join("", '<text class="middle quiet" x="{}" y="{}">{}</text>', self.fitting_labels())
        unit = (
            format_html('<text class="quiet" x="0" y="13">{}</text>', cut_text(self.unit, WIDTH)) if self.unit else ""
        )
        return format_html("{}{}{}", unit, format_html_join("", grid, rows), names)

    def fitting_labels(self) -> Iterator[tuple[str, int, str]]:
        """Yield (x, y, text) of the labels that fit: all of them, or every second, third and so on."""
        short_labels = [cut_text(label, LONGEST_LABEL) for label in self.labels]
        every = ceil((max(map(text_width, short_labels)) + 14) / self.pitch)
        for i in range(0, len(short_labels), every):
            half = text_width(short_labels[i]) / 2
            yield coordinate(min(max(self.x(i), half), WIDTH - half)), BOTTOM + 20, short_labels[i]
