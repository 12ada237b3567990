"""What the figures of all analyses rest on: sums over the rows, the way of rounding, and how sure one can be."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from intake.spreadsheets.rows import Row, Rows
from workers.contract import Missing, Period

UNCATEGORISED = "Uncategorised"
OTHER = "Other categories"
# More categories than this are no categories; the rows beyond are summed up together, so memory stays flat.
MOST_CATEGORIES = 200
LONGEST_CATEGORY = 100

CENT = Decimal("0.01")

ROWS_SCHEMA: dict[str, Any] = {
    "type": "array",
    "title": "Tasks",
    "description": "Which tasks were done, in which category, and how many minutes did each take?",
    "items": {
        "type": "object",
        "required": ["text"],
        "properties": {
            "text": {"type": "string", "minLength": 1, "maxLength": 1000},
            "category": {"type": "string", "maxLength": LONGEST_CATEGORY},
            "estimated_minutes": {"type": "number", "minimum": 0},
        },
    },
    "minItems": 1,
    "maxItems": 1000,
    "examples": [[{"text": "Check invoice", "category": "Payables", "estimated_minutes": 12}]],
}


@dataclass
class RowStats:
    """Sums over the rows, exact whatever their order."""

    rows: int = 0
    without_estimate: int = 0
    by_category: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    @property
    def minutes(self) -> Decimal:
        return sum(self.by_category.values(), Decimal())

    @property
    def hours(self) -> Decimal:
        return self.minutes / 60

    def counting(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows, counted as they pass."""
        for row in rows:
            self.rows += 1
            self.without_estimate += row["estimated_minutes"] is None
            self.by_category[self.place_of(row)] += exact(row["estimated_minutes"])
            yield row

    def place_of(self, row: Row) -> str:
        """The category that the row counts for."""
        name = row["category"][:LONGEST_CATEGORY] or UNCATEGORISED
        return name if name in self.by_category or len(self.by_category) < MOST_CATEGORIES else OTHER


def stats_of(rows: Rows) -> RowStats:
    """The sums, in one pass. Raises Missing when there are no rows."""
    stats = RowStats()
    for _ in stats.counting(require(rows)):
        pass
    return stats


def require(rows: Rows) -> Rows:
    """The rows. Raises Missing when there are none: an analysis of nothing would pass for one that found nothing."""
    if rows.total == 0:
        raise Missing({"rows": ROWS_SCHEMA}, "There are no tasks to analyse.")
    return rows


def exact(minutes: float | None) -> Decimal:
    """The minutes as they were written; no estimate counts nothing."""
    return Decimal(repr(minutes)) if minutes else Decimal()


def rounded(value: Decimal | Fraction | float) -> float:
    """The figure with two decimals, halves away from zero; to be used at the very end only."""
    number = Decimal(value.numerator) / value.denominator if isinstance(value, Fraction) else Decimal(value)
    return float(number.quantize(CENT, ROUND_HALF_UP))


def share(part: Decimal | int, whole: Decimal | int) -> Decimal:
    """The part in percent of the whole; of nothing, nothing."""
    return Decimal(part) * 100 / Decimal(whole) if whole else Decimal()


def a_month(value: Decimal, period: Period) -> Decimal:
    """What was counted over the period, for a month: value × (month ÷ period length)."""
    factor = period.a_month()
    return value * factor.numerator / factor.denominator


def confidence(stats: RowStats, *, has_rate: bool) -> float:
    """0.6, more with a rate, several rows and several categories, less where many estimates lack; within 0..1."""
    sure = 60 + 10 * has_rate + 5 * (stats.rows > 5) + 5 * (len(stats.by_category) > 1)
    return max(0, min(100, sure - 10 * (stats.without_estimate > 2))) / 100
