"""What the dates of rows say about their period."""

from datetime import date, timedelta
from typing import Any

import pytest

from backlog.periods import FACTS, DatesOfRows, answered_period, with_facts, with_period

TODAY = date(2026, 11, 27)


def rows_on(*days: date, **more: Any) -> list[dict[str, Any]]:
    """One row of an hour on each of the days."""
    return [{"text": "Pay", "estimated_minutes": 60, "started_at": day.isoformat(), **more} for day in days]


def days_from(first: date, count: int, step: int = 1) -> list[date]:
    """So many days from the first one on."""
    return [first + timedelta(days=n * step) for n in range(count)]


def facts_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What the dates of the rows say."""
    dates = DatesOfRows()
    assert list(dates.watch(rows)) == rows
    return dates.facts(TODAY)


def period_of(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The period that the rows bring into a work context."""
    period: dict[str, Any] | None = with_period(with_facts({"rows": rows}, TODAY)).get("period")
    return period


def test_ninety_dated_rows_of_a_quarter_cover_ninety_days() -> None:
    rows = rows_on(*days_from(date(2026, 1, 1), 90), person="Ann") + rows_on(date(2026, 1, 1), person="Ben")
    assert period_of(rows) == {
        "type": "dates",
        "first": "2026-01-01",
        "last": "2026-03-31",
        "days": 90,
        "days_with_rows": 90,
        "working_days": 64,
        "weekends": True,
        "people": 2,
        "source": "dates",
    }


def test_rows_of_a_working_week_cover_five_working_days_without_a_weekend() -> None:
    period = period_of(rows_on(*days_from(date(2026, 3, 2), 5)))
    assert period is not None
    assert (period["working_days"], period["weekends"]) == (5, False)
    assert "people" not in period


def test_an_end_after_midnight_belongs_to_the_day_of_its_start() -> None:
    night = {"started_at": "2026-03-06T22:00:00+01:00", "ended_at": "2026-03-07T02:00:00+01:00"}
    period = period_of([*rows_on(date(2026, 3, 4)), {"text": "Watch", **night}])
    assert period is not None
    assert (period["last"], period["weekends"]) == ("2026-03-06", False)


def test_an_end_without_a_time_of_day_is_the_last_day_of_its_row() -> None:
    period = period_of(rows_on(date(2026, 3, 2), ended_at="2026-03-05"))
    assert period is not None
    assert period["last"] == "2026-03-05"


MONTH = days_from(date(2026, 3, 1), 31)


@pytest.mark.parametrize(
    ("rows", "why", "ranges"),
    [
        ([{"text": "Pay"}], "The rows have no dates", []),
        ([{"text": "Pay", "started_at": "soon"}], "The rows have no dates", []),
        ([*rows_on(*MONTH), *[{"text": "Pay"}] * 9], "Rows without a date: 9 / 40", ["2026-03-01/2026-03-31"]),
        (
            rows_on(*MONTH, date(2025, 3, 1)),
            "Dates far away from all others: 2025-03-01",
            ["2026-03-01/2026-03-31", "2025-03-01/2026-03-31"],
        ),
        (
            rows_on(*days_from(date(2026, 11, 25), 3), date(2026, 12, 3)),
            "Dates in the future: 2026-12-03",
            ["2026-11-25/2026-11-27", "2026-11-25/2026-12-03"],
        ),
        (
            rows_on(*days_from(date(2026, 3, 6), 4, 7)),
            "All dates are the same day of the week",
            ["2026-03-06/2026-03-27", "2026-02-28/2026-03-27"],
        ),
        (
            rows_on(date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)),
            "All dates are the same day of a month",
            ["2026-01-01/2026-03-01", "2026-01-01/2026-03-31"],
        ),
        (rows_on(*[date(2026, 3, 1)] * 160), "The rows have more hours", ["2026-03-01/2026-03-01"]),
    ],
)
def test_dates_that_leave_a_doubt_settle_no_period(rows: list[dict[str, Any]], why: str, ranges: list[str]) -> None:
    facts = facts_of(rows)
    assert facts["doubts"][0].startswith(why)
    assert [f"{one['first']}/{one['last']}" for one in facts["ranges"]] == ranges
    assert period_of(rows) is None


def test_a_week_without_rows_among_many_is_no_doubt() -> None:
    days = [*days_from(date(2026, 3, 1), 20), *days_from(date(2026, 4, 5), 20)]
    assert facts_of(rows_on(*days))["doubts"] == []


def test_a_period_that_a_person_gave_stands() -> None:
    data = {"rows": rows_on(*MONTH), "period": {"type": "Monthly"}}
    assert with_period(with_facts(data, TODAY))["period"] == {"type": "month"}


def test_other_rows_bring_another_period() -> None:
    data = with_period(with_facts({"rows": rows_on(*MONTH)}, TODAY))
    later = with_period(with_facts({**data, "rows": rows_on(date(2026, 4, 1))}, TODAY))
    assert later["period"]["first"] == "2026-04-01"
    assert "period" not in with_period(with_facts({**later, "rows": [{"text": "Pay"}]}, TODAY))


def test_an_answer_is_a_length_or_a_range_that_the_dates_may_mean() -> None:
    data = {FACTS: facts_of(rows_on(*MONTH, date(2025, 3, 1), person="Ann"))}
    chosen = answered_period(data, {"type": "2026-03-01/2026-03-31"})
    assert (chosen["first"], chosen["days"], chosen["people"], chosen["source"]) == ("2026-03-01", 31, 1, "answer")
    assert answered_period(data, {"type": "working_days", "working_days": 12})["working_days"] == 12
    assert answered_period({}, {"type": "quarter"}) == {"type": "quarter", "source": "answer"}


@pytest.mark.parametrize("answer", [{"type": "working_days"}, {"type": "eon"}, {"type": "2026-01-01/2026-01-02"}])
def test_an_answer_that_says_no_length_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=answer["type"]):
        answered_period({FACTS: facts_of(rows_on(*MONTH))}, answer)
