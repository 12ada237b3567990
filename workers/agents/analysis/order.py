"""The steps of each case, or of each person, in the order of time."""

from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction

from workers.agents.analysis.tally import UNKNOWN, RowTally


def in_time_order(tally: RowTally, owners: "array[int]", groups: Sequence[int]) -> Iterator[list[int]]:
    """Yield for each owner (a case or a person) the indexes of its steps in time order.

    `owners` is a column of the steps. Steps that began at the same moment are sorted by their end, the group of their
    text and their category, so that the order of the rows decides nothing.
    """
    steps, texts = tally.steps, tally.texts
    by_owner: defaultdict[int, list[int]] = defaultdict(list)
    for step, owner in enumerate(owners):
        if owner != UNKNOWN:
            by_owner[owner].append(step)

    def place(step: int) -> tuple[int, int, int, int, str]:
        text = steps.text[step]
        return steps.start[step], steps.end[step], steps.day[step], groups[text], texts[text].category

    for owned in by_owner.values():
        owned.sort(key=place)
        yield owned


def quantile(values: Sequence[int], part: Fraction) -> Fraction:
    """Return the quantile of the sorted values, exactly; `part` is from 0 to 1.

    Formula: x₍ₖ₎ + (h − k)(x₍ₖ₊₁₎ − x₍ₖ₎) with h = (n − 1) × part and k = ⌊h⌋, counted from 0: type 7 of Hyndman and
    Fan 1996, as spreadsheets compute it. With `part` = ½ it is the median.
    """
    place = (len(values) - 1) * part
    low = place.numerator // place.denominator
    high = min(low + 1, len(values) - 1)
    return values[low] + (place - low) * (values[high] - values[low])
