"""The axes of a plot: round numbers up the side, labels along the bottom."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from charts.figure import spelled, units
from charts.text import cut, width

# Small enough for the text to stay legible when a phone shows the whole width; charts.css bounds it on a screen.
WIDTH = 340
TOP, BOTTOM, HEIGHT = 28, 190, 216
LONGEST_LABEL = 84
TICKS = 4


def ticks(values: Iterable[Decimal]) -> list[Decimal]:
    """Round numbers from zero or below to the highest value or above: steps of 1, 2 or 5 of a power of ten."""
    known = [Decimal(0), *values]
    low, high = min(known), max(known)
    rough = ((high - low) or Decimal(1)) / TICKS
    power = Decimal(1).scaleb(rough.adjusted())
    step = next(n * power for n in (1, 2, 5, 10) if n * power >= rough)
    if all(value == value.to_integral_value() for value in known):
        step = max(step, Decimal(1))
    first, last = floor(low / step), ceil(high / step)
    return [step * i for i in range(first, max(last, first + 1) + 1)]


@dataclass(frozen=True)
class Frame:
    """The axes of a plot: a band for each label from left to right, and a height for each value."""

    labels: list[str]
    ticks: list[Decimal]
    unit: str

    @property
    def left(self) -> float:
        """Where the plot begins, right of the numbers."""
        return max(40, min(160, 8 + max(width(spelled(tick)) for tick in self.ticks)))

    @property
    def pitch(self) -> float:
        """The width of a band."""
        return (WIDTH - 16 - self.left) / len(self.labels)

    def x(self, index: int) -> float:
        """The middle of a band."""
        return self.left + self.pitch * (index + 0.5)

    def y(self, value: Decimal) -> float:
        """The height of a value."""
        low, high = self.ticks[0], self.ticks[-1]
        return BOTTOM - float((value - low) / (high - low)) * (BOTTOM - TOP)

    def drawn(self) -> SafeString:
        """A line and a number at each tick, the unit above them, and as many labels as there is room for."""
        grid = '<path class="{}" d="M{} {}H{}"/><text class="end quiet" x="{}" y="{}">{}</text>'
        rows = (
            ("base" if tick == 0 else "grid", units(self.left), units(self.y(tick)), WIDTH,
             units(self.left - 6), units(self.y(tick) + 4), cut(spelled(tick), 152))
            for tick in self.ticks
        )  # fmt: skip
        names = format_html_join("", '<text class="middle quiet" x="{}" y="{}">{}</text>', self.named())
        unit = format_html('<text class="quiet" x="0" y="13">{}</text>', cut(self.unit, WIDTH)) if self.unit else ""
        return format_html("{}{}{}", unit, format_html_join("", grid, rows), names)

    def named(self) -> Iterator[tuple[str, int, str]]:
        """The labels that find room: each, or each second, third and so on."""
        short = [cut(label, LONGEST_LABEL) for label in self.labels]
        every = ceil((max(map(width, short)) + 14) / self.pitch)
        for i in range(0, len(short), every):
            half = width(short[i]) / 2
            yield units(min(max(self.x(i), half), WIDTH - half)), BOTTOM + 20, short[i]
