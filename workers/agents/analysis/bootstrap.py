"""How much the recovered hours would differ if other rows of the same kind had been recorded: a bootstrap interval.

The rows are taken for a sample of the work, and samples of the same size are drawn from them with replacement (Efron
1979, "Bootstrap methods: another look at the jackknife"). Whether a row belongs to an avoidable task stays with the
row. For each sample the hours are computed by the scenario's formula; the interval has the middle 95 % of them
(percentile interval, type 7 of Hyndman and Fan 1996).

Up to MOST_DRAWN rows are drawn one by one. Of more, only what the formula needs is drawn, from its distribution in
such a sample: the number of avoidable rows is binomial, and the minutes of each of the two kinds of rows are a sum of
so many independent draws, for which the normal distribution with the rows' mean and variance is taken (the bootstrap
of a mean has this limit: Bickel and Freedman 1981, "Some asymptotic theory for the bootstrap"). This needs six sums
over the rows and no array of them, so the time does not grow with the rows.

The seed is made from those sums. The same rows in any order, and the same coefficients, give the same interval.
"""

import hashlib
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from workers.agents.analysis.order import quantile

LEVEL = 0.95
RESAMPLES = 1_000
# The interval of fewer rows would look much more certain than it is (Efron and Tibshirani 1993, chapter 14).
FEWEST_ROWS = 20


@dataclass(frozen=True)
class Kind:
    """Rows of one kind: their number, the sum of their milliseconds, and the sum of the squares of these."""

    rows: int
    milliseconds: int
    squares: int

    def drawn_milliseconds(self, rows: int, generator: random.Random) -> float:
        """Return the sum of so many draws of these rows' durations, from its normal approximation."""
        if not rows:
            return 0.0
        mean = self.milliseconds / self.rows
        variance = max(0.0, (self.squares * self.rows - self.milliseconds**2) / self.rows**2)
        return max(0.0, generator.gauss(rows * mean, math.sqrt(rows * variance)))


@dataclass(frozen=True)
class Sample:
    """What is drawn from: the avoidable rows, the others, and each row as (is avoidable, milliseconds) if few."""

    avoidable: Kind
    others: Kind
    drawn: Sequence[tuple[bool, int]] | None

    @property
    def rows(self) -> int:
        return self.avoidable.rows + self.others.rows

    def seed(self) -> int:
        """Return a number of 32 bits made from the sums; the order of the rows does not change it."""
        return int.from_bytes(hashlib.sha256(repr((self.avoidable, self.others)).encode()).digest()[:4], "big")


@dataclass(frozen=True)
class Interval:
    """The bounds of the recovered milliseconds in the rows' period."""

    low: Fraction
    high: Fraction
    seed: int


def interval_of(sample: Sample, cap_percent: float, factor: float) -> Interval | None:
    """Return the interval; None if there are fewer than FEWEST_ROWS rows or nothing that could be recovered.

    Formula for each sample: milliseconds × min(cap, factor × 100 × avoidable rows ÷ rows) ÷ 100.
    """
    if sample.rows < FEWEST_ROWS or not sample.avoidable.rows:
        return None
    seed = sample.seed()
    draws = resamples(sample, random.Random(seed))
    recovered = sorted(
        round(milliseconds * min(cap_percent, factor * 100 * avoidable / sample.rows) / 100)
        for avoidable, milliseconds in draws
    )
    tail = (1 - Fraction(str(LEVEL))) / 2
    return Interval(quantile(recovered, tail), quantile(recovered, 1 - tail), seed)


def resamples(sample: Sample, generator: random.Random) -> Iterator[tuple[int, float]]:
    """Yield (number of avoidable rows, milliseconds of all rows) of RESAMPLES samples."""
    rows = sample.rows
    for _ in range(RESAMPLES):
        if sample.drawn is not None:
            drawn = generator.choices(sample.drawn, k=rows)
            yield sum(is_avoidable for is_avoidable, _ in drawn), sum(milliseconds for _, milliseconds in drawn)
        else:
            avoidable = drawn_count(rows, sample.avoidable.rows / rows, generator)
            milliseconds = sample.avoidable.drawn_milliseconds(avoidable, generator)
            yield avoidable, milliseconds + sample.others.drawn_milliseconds(rows - avoidable, generator)


def drawn_count(rows: int, share: float, generator: random.Random) -> int:
    """Return how many of so many draws are of a kind with this share: binomial, from its normal approximation."""
    count = round(generator.gauss(rows * share, math.sqrt(rows * share * (1 - share))))
    return min(max(count, 0), rows)
