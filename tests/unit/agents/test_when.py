"""In which weeks, on which days and at which hours the time is spent, and on how few categories."""

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.spreadsheets.rows import Rows
from workers.agents.analysis.weeks import HOUR_MS, MOST_WEEKS
from workers.agents.time_waste_worker import content_of, time_facts_of
from workers.contract import Result

Run = Callable[..., Result]

MINUTES = st.integers(0, 3_000_000).map(lambda thousandths: thousandths / 1000)
STARTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 12, 31))
ROWS = st.lists(
    st.tuples(STARTS, MINUTES, st.sampled_from(["A", "B", "C", "D", ""])).map(
        lambda row: {"text": "x", "started_at": row[0].isoformat(), "estimated_minutes": row[1], "category": row[2]}
    ),
    min_size=1,
    max_size=20,
)


def content(rows: list[Any]) -> dict[str, Any]:
    return content_of(time_facts_of(Rows.of(rows)))


def timed(start: str, minutes: float, end: str | None = None) -> dict[str, Any]:
    return {"text": "Pay", "estimated_minutes": minutes, "started_at": start, **({"ended_at": end} if end else {})}


def test_a_row_counts_in_the_iso_week_in_which_it_began(run: Run) -> None:
    rows = [timed("2026-01-12", 60), timed("2026-01-18T23:30", 90), timed("2025-12-29", 30), timed("2027-01-01", 30)]
    assert run("time_waste_worker", rows=rows).content["by_week"] == [
        {"week": "2026-W01", "first": "2025-12-29", "hours": 0.5},
        {"week": "2026-W03", "first": "2026-01-12", "hours": 2.5},
        {"week": "2026-W53", "first": "2026-12-28", "hours": 0.5},
    ]


def test_a_row_is_spread_over_the_hours_that_it_covers() -> None:
    rows = [timed("2026-01-18T23:30", 60), timed("2026-01-12T08:00", 30, "2026-01-12T11:00"), timed("2026-01-12", 60)]
    found = content(rows)
    assert found["by_weekday"] == [
        {"weekday": 1, "hour": 0, "hours": 0.5},
        {"weekday": 1, "hour": 8, "hours": 0.17},
        {"weekday": 1, "hour": 9, "hours": 0.17},
        {"weekday": 1, "hour": 10, "hours": 0.17},
        {"weekday": 7, "hour": 23, "hours": 0.5},
    ]
    assert (found["dated_rows"], found["timed_rows"]) == (3, 2)


def test_rows_without_dates_have_neither_weeks_nor_hours() -> None:
    found = content([{"text": "Pay", "estimated_minutes": 5}])
    assert not found.keys() & {"by_week", "by_weekday", "dated_rows", "timed_rows", "concentration", "limited"}


def test_dates_alone_have_weeks_and_no_hours() -> None:
    assert "by_weekday" not in content([timed("2026-01-12", 60)])


def test_a_row_that_lasted_days_does_not_tell_at_which_hours_it_was_done() -> None:
    assert "by_weekday" not in content([timed("2026-01-12T08:00", 60, "2026-01-15T08:00")])


def test_only_the_last_weeks_are_listed_and_the_others_are_counted() -> None:
    first = datetime(2020, 1, 6)
    found = content([timed((first + timedelta(weeks=n)).date().isoformat(), 60) for n in range(MOST_WEEKS + 3)])
    assert (len(found["by_week"]), found["weeks_left_out"], found["limited"]) == (MOST_WEEKS, 3, True)
    assert found["by_week"][0]["first"] == "2020-01-27"


@given(ROWS, st.randoms())
def test_the_order_of_the_rows_changes_no_hour(rows: list[dict[str, Any]], generator: random.Random) -> None:
    assert content(rows) == content(generator.sample(rows, len(rows)))


@given(ROWS)
def test_the_hours_are_those_that_a_naive_computation_gives(rows: list[dict[str, Any]]) -> None:
    facts = time_facts_of(Rows.of(rows))
    short = [row for row in rows if row["estimated_minutes"] <= 1440]
    assert sum(facts.weeks.by_hour.values()) == sum(round(row["estimated_minutes"] * 60_000) for row in short)
    assert sum(facts.weeks.by_week.values()) == sum(round(row["estimated_minutes"] * 60_000) for row in rows)
    naive: defaultdict[tuple[int, int], Fraction] = defaultdict(Fraction)
    for row in short:
        start = datetime.fromisoformat(row["started_at"])
        end = start + timedelta(minutes=row["estimated_minutes"])
        hour = start.replace(minute=0, second=0, microsecond=0)
        while hour < end:
            overlap = min(end, hour + timedelta(hours=1)) - max(start, hour)
            naive[hour.isoweekday(), hour.hour] += Fraction(overlap // timedelta(microseconds=1), HOUR_MS * 1000)
            hour += timedelta(hours=1)
    for key in naive.keys() | facts.weeks.by_hour.keys():
        assert abs(naive[key] - Fraction(facts.weeks.by_hour[key], HOUR_MS)) < Fraction(4 * len(rows), HOUR_MS)


def test_concentration_is_the_share_of_three_and_the_sum_of_squares() -> None:
    minutes = {"A": 40, "B": 30, "C": 20, "D": 10}
    found = content([{"text": "x", "category": name, "estimated_minutes": m} for name, m in minutes.items()])
    assert found["concentration"] == {"top_three_percent": 90.0, "herfindahl": 0.3}


@given(ROWS)
def test_concentration_is_between_an_equal_part_each_and_all_in_one(rows: list[dict[str, Any]]) -> None:
    found = content(rows).get("concentration")
    if found:
        number = len({row["category"] for row in rows})
        assert 1 / number - 0.0001 <= found["herfindahl"] <= 1
        assert 0 <= found["top_three_percent"] <= 100


@pytest.mark.parametrize("category", ["", None])
def test_rows_without_a_category_have_no_concentration(category: str | None) -> None:
    assert "concentration" not in content([{"text": "x", "category": category, "estimated_minutes": 5}])
