"""How strongly the time is concentrated on few categories."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from workers.agents.figures import UNCATEGORISED, percent_of, rounded

TOP = 3
FOUR_DECIMALS = Decimal("0.0001")


def concentration(by_category: Mapping[str, Decimal]) -> dict[str, float] | None:
    """Return `top_three_percent` and `herfindahl` of the minutes by category; None without a category or any time.

    `top_three_percent` is the share of the three largest categories in the time: 100 × (m₁ + m₂ + m₃) ÷ Σ mᵢ, the
    concentration ratio CR₃. `herfindahl` is the sum of the squared shares, Σ (mᵢ ÷ Σ m)², from 1 ÷ n where n
    categories have equal parts, to 1 where one has all (Herfindahl 1950; Hirschman 1945 and, on who was first,
    Hirschman 1964, "The Paternity of an Index"). It has four decimals. Rows without a category count as one.
    """
    total = sum(by_category.values(), Decimal())
    if not total or by_category.keys() <= {UNCATEGORISED}:
        return None
    largest = sorted(by_category.values(), reverse=True)[:TOP]
    squares = sum((minutes * minutes for minutes in by_category.values()), Decimal())
    return {
        "top_three_percent": rounded(percent_of(sum(largest, Decimal()), total)),
        "herfindahl": float((squares / (total * total)).quantize(FOUR_DECIMALS, ROUND_HALF_UP)),
    }
