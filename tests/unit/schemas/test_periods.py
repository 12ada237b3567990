"""How long a period is."""

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from schemas.periods import is_period, periods_per_month, working_days

DAYS = st.dates(date(2000, 1, 1), date(2040, 1, 1))


@given(DAYS, st.integers(0, 800))
def test_working_days_are_the_mondays_to_fridays(first: date, more: int) -> None:
    counted = sum((first + timedelta(days=day)).weekday() < 5 for day in range(more + 1))
    assert working_days(first, first + timedelta(days=more)) == counted


@given(DAYS, st.integers(0, 800))
def test_a_month_is_a_twelfth_of_365_and_a_quarter_days(first: date, more: int) -> None:
    period = {"first": first.isoformat(), "last": (first + timedelta(days=more)).isoformat()}
    assert periods_per_month(period) == Fraction("365.25") / 12 / (more + 1)


def test_rows_from_monday_to_friday_are_the_rows_of_a_week() -> None:
    period = {"first": "2026-03-02", "last": "2026-03-06", "weekends": False}
    assert periods_per_month(period) == periods_per_month({"type": "week"})


def test_what_is_no_period_is_refused() -> None:
    faulty = [None, "month", {}, {"type": "eon"}, {"first": "2026-01-01"}, {"first": "x", "last": "y"}]
    faulty += [{"type": "working_days", "working_days": n} for n in (None, 0, 1.5, True, "6", 10**9)]
    assert not any(map(is_period, faulty))
