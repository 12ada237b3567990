"""The arithmetic that all analyses share: sums over the rows, rounding, shares, months and confidence."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from intake.spreadsheets.rows import Columns, Part, Row, Rows
from intake.spreadsheets.sheet import MS_PER_MINUTE
from schemas.periods import working_days
from workers.contract import Missing, Period

UNCATEGORISED = "Uncategorised"
OTHER = "Other categories"
# Rows of any further category are summed up under OTHER, so that memory stays bounded.
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
    """Exact sums over the rows; the order of the rows does not change them."""

    rows: int = 0
    without_estimate: int = 0
    by_category: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    @property
    def minutes(self) -> Decimal:
        return sum(self.by_category.values(), Decimal())

    @property
    def hours(self) -> Decimal:
        return self.minutes / 60

    def counting(self, rows: Iterable[Row]) -> Iterable[Row]:
        """Return the same rows; each is added to the sums while it is passed on, or all at once if they are columns."""
        columns = columns_of(rows)
        if columns is None:
            return self._counted(rows)
        for part in columns.parts_by("category"):
            self.rows += part.rows
            self.without_estimate += part.rows if part.milliseconds is None else 0
            self.by_category[self.category_of(part.name)] += minutes_of(part)
        return rows

    def _counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the same rows and add each to the sums while it is passed on."""
        for row in rows:
            self.rows += 1
            self.without_estimate += row["estimated_minutes"] is None
            self.by_category[self.category_of(row["category"])] += exact_minutes(row["estimated_minutes"])
            yield row

    def category_of(self, category: str) -> str:
        """Return the category that rows of it are counted under: its own name, UNCATEGORISED, or OTHER."""
        name = category[:LONGEST_CATEGORY] or UNCATEGORISED
        return name if name in self.by_category or len(self.by_category) < MOST_CATEGORIES else OTHER


def stats_of(rows: Rows) -> RowStats:
    """Return the sums over the rows, in one pass. Raises Missing if there are no rows."""
    stats = RowStats()
    counted = stats.counting(require_rows(rows))
    if counted is not rows:
        for _ in counted:
            pass
    return stats


def columns_of(rows: Iterable[Row]) -> Columns | None:
    """Return the rows as columns, where they are stored so."""
    return rows.columns if isinstance(rows, Rows) else None


def minutes_of(part: Part) -> Decimal:
    """Return the minutes of the part, exactly the sum of `exact_minutes` of each of its rows."""
    if part.milliseconds is None:
        return Decimal()
    if part.milliseconds % 3 == 0:
        return Decimal(part.milliseconds) / MS_PER_MINUTE * part.times
    return exact_minutes(part.milliseconds / MS_PER_MINUTE) * part.times


def require_rows(rows: Rows) -> Rows:
    """Return the rows. Raises Missing if there are none: an analysis without rows would look like a finding of zero."""
    if rows.total == 0:
        raise Missing({"rows": ROWS_SCHEMA}, "There are no tasks to analyse.")
    return rows


def exact_minutes(minutes: float | None) -> Decimal:
    """Return the minutes as the exact decimal number that was written; 0 if there is no estimate."""
    return Decimal(repr(minutes)) if minutes else Decimal()


def rounded(value: Decimal | Fraction | float) -> float:
    """Return the figure with two decimals, halves away from zero. Round results only, never intermediate figures."""
    number = Decimal(value.numerator) / value.denominator if isinstance(value, Fraction) else Decimal(value)
    return float(number.quantize(CENT, ROUND_HALF_UP))


def percent_of(part: Decimal | int, whole: Decimal | int) -> Decimal:
    """Return the part in percent of the whole, from 0 to 100; 0 if the whole is 0."""
    return Decimal(part) * 100 / Decimal(whole) if whole else Decimal()


def monthly_value(value: Decimal, period: Period) -> Decimal:
    """Return a value of the period as a value of a month: value × (month ÷ period length)."""
    factor = period.periods_per_month()
    return value * factor.numerator / factor.denominator


def period_in_words(period: dict[str, Any]) -> str:
    """Return a period as a deliverable states it in words, such as `one month`."""
    count = period.get("working_days")
    if "first" in period and "last" in period:
        first, last = date.fromisoformat(period["first"]), date.fromisoformat(period["last"])
        days, worked = (last - first).days + 1, working_days(first, last)
        people = f", {period['people']:,} people" if period.get("people") else ""
        named = f"{days:,} days ({worked:,} working days), from {first} to {last}" if days > 1 else f"one day, {first}"
        return f"{named}{people}".replace(", 1 people", ", 1 person")
    if period["type"] == "working_days":
        return f"{count:,} working days" if count != 1 else "one working day"
    return f"one {period['type']}"


def confidence(stats: RowStats, *, has_rate: bool) -> float:
    """Return how reliable an analysis of the rows is, from 0 to 1.

    Starts at 0.6; plus 0.1 with a rate, 0.05 with more than five rows, 0.05 with more than one category; minus 0.1
    if more than two rows have no estimate.
    """
    percent = 60 + 10 * has_rate + 5 * (stats.rows > 5) + 5 * (len(stats.by_category) > 1)
    return max(0, min(100, percent - 10 * (stats.without_estimate > 2))) / 100
