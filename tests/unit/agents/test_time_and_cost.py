"""Time, cost and scenario, against figures worked out by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from workers.agents.figures import MOST_CATEGORIES, OTHER, rounded
from workers.contract import Contradiction, Missing, Result

Run = Callable[..., Result]

ROWS = [
    {"text": "Pay", "category": "A", "estimated_minutes": 100},
    {"text": "Post", "category": "B", "estimated_minutes": 250},
    {"text": "Call", "category": "A", "estimated_minutes": 50.1},
]


def test_time_is_summed_up_per_category_the_largest_first(run: Run) -> None:
    result = run("time_waste_worker", rows=ROWS)
    assert result.content == {
        "total_minutes": 400.1,
        "total_hours": 6.67,
        "rows": 3,
        "rows_without_estimate": 0,
        "breakdown": [
            {"category": "B", "minutes": 250.0, "hours": 4.17, "share_percent": 62.48},
            {"category": "A", "minutes": 150.1, "hours": 2.5, "share_percent": 37.52},
        ],
        "concentration": {"top_three_percent": 100.0, "herfindahl": 0.5312},
        "period": {"type": "month"},
    }
    assert result.evidence["deliverable"] == "time_waste_analysis"
    assert result.evidence["rows_read"] == 3


def test_rows_without_category_or_estimate_are_counted(run: Run, rows: list[Any]) -> None:
    content = run("time_waste_worker", rows=rows).content
    assert (content["rows"], content["rows_without_estimate"]) == (4, 1)
    assert content["breakdown"][-1]["category"] == "Uncategorised"


def test_too_many_categories_are_summed_up_together(run: Run) -> None:
    many = [{"category": f"C{n}", "estimated_minutes": 1} for n in range(MOST_CATEGORIES + 7)]
    content = run("time_waste_worker", rows=many).content
    assert content["breakdown"][0] == {"category": OTHER, "minutes": 7.0, "hours": 0.12, "share_percent": 3.38}
    assert content["total_minutes"] == MOST_CATEGORIES + 7


def test_cost_is_rounded_at_the_end_only(run: Run) -> None:
    content = run("cost_worker", rows=ROWS, hourly_rate="45.00").content
    assert content.pop("summary")
    assert content == {
        "total_hours": 6.67,
        "hourly_rate": 45.0,
        "monthly_cost": 300.08,
        "annual_cost": 3600.9,
        "currency": "EUR",
        "period": {"type": "month"},
    }


@pytest.mark.parametrize(
    ("period", "annual"),
    [("day", 260 * 60), ("week", 52 * 60), ("month", 12 * 60), ("quarter", 4 * 60), ("year", 60)]
    + [({"type": "day", "working_days": 20}, 240 * 60)],
)
def test_an_hour_of_each_period_costs_so_much_a_year(run: Run, period: object, annual: float) -> None:
    content = run("cost_worker", rows=[{"estimated_minutes": 60}], hourly_rate=60, period=period).content
    assert content["annual_cost"] == annual
    assert content["monthly_cost"] == rounded(annual / 12)


QUARTER = {"type": "dates", "first": "2026-01-01", "last": "2026-03-31"}
WEEK = {"type": "dates", "first": "2026-03-02", "last": "2026-03-06"}


@pytest.mark.parametrize(
    ("period", "months"),
    [
        (QUARTER, 90 / (365.25 / 12)),
        ({key: QUARTER[key] for key in ("first", "last")}, 90 / (365.25 / 12)),
        (QUARTER | {"weekends": False}, 64 / (260 / 12)),
        (WEEK | {"weekends": False}, 12 / 52),
        (WEEK | {"weekends": True}, 5 / (365.25 / 12)),
        ({"type": "working_days", "working_days": 65}, 3),
    ],
)
def test_rows_of_some_days_are_billed_for_the_months_that_they_cover(run: Run, period: object, months: float) -> None:
    rows = [{"text": "Pay", "estimated_minutes": 60}] * 90
    costs = run("cost_worker", rows=rows, hourly_rate=60, period=period).content
    scenario = run("scenario_worker", rows=rows, hourly_rate=60, period=period).content
    assert costs["monthly_cost"] == rounded(5400 / months)
    assert scenario["recovered_hours"] == pytest.approx(90 / months * 0.6, abs=0.01)


def test_figures_for_a_month_name_their_currency_and_their_period(run: Run) -> None:
    period = QUARTER | {"people": 4}
    for name in ("cost_worker", "scenario_worker"):
        result = run(name, rows=ROWS, hourly_rate=45, currency="CHF", period=period)
        for stated in (result.content, result.evidence):
            assert (stated["currency"], stated["period"]) == ("CHF", period)
        assert "CHF a month" in result.content["summary"]
        assert "from 90 days (64 working days), from 2026-01-01 to 2026-03-31, 4 people." in result.content["summary"]


def test_a_scenario_recovers_what_the_friction_analysis_calls_avoidable(run: Run) -> None:
    friction = {"friction_analysis": {"avoidable_percent": 25.0}}
    content = run("scenario_worker", rows=ROWS, hourly_rate=45, deliverables=friction).content
    assert (content["avoidable_percent"], content["recovered_hours"]) == (25.0, 1.67)
    assert (content["recovered_monthly_cost"], content["recovered_annual_cost"]) == (75.02, 900.23)
    assert "25.00% of the work: 1.67 hours a month, worth 75.02 EUR a month" in content["summary"]


def test_a_scenario_without_a_friction_analysis_finds_the_same_percentage(run: Run, rows: list[Any]) -> None:
    friction = run("friction_worker", rows=rows).content
    scenario = run("scenario_worker", rows=rows, hourly_rate=45).content
    assert scenario["avoidable_percent"] == friction["avoidable_percent"] == 60.0


def test_a_scenario_refuses_an_impossible_percentage(run: Run, rows: list[Any]) -> None:
    with pytest.raises(Contradiction, match="0 to 100"):
        run("scenario_worker", rows=rows, hourly_rate=1, deliverables={"friction_analysis": {"avoidable_percent": 130}})


@pytest.mark.parametrize("name", ["time_waste_worker", "cost_worker", "friction_worker", "scenario_worker"])
def test_an_analysis_of_no_rows_asks_for_them(run: Run, name: str) -> None:
    with pytest.raises(Missing) as found:
        run(name, rows=[], hourly_rate=45)
    assert found.value.fields["rows"]["type"] == "array"


def test_confidence_follows_its_formula(run: Run) -> None:
    def sure(count: int, categories: int, unknown: int, **context: Any) -> float:
        many = [
            {"category": f"C{n % categories}", "estimated_minutes": None if n < unknown else 1} for n in range(count)
        ]
        confidence: float = run("time_waste_worker", rows=many, **context).confidence
        return confidence

    assert sure(5, 1, 0) == 0.6
    assert sure(6, 1, 0) == 0.65
    assert sure(6, 2, 0, hourly_rate=45) == 0.8
    assert sure(6, 2, 2) == 0.7
    assert sure(6, 2, 3) == 0.6
