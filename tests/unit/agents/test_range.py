"""How certain the scenario is: the interval of the recovered hours, and what other coefficients would give."""

import random
import statistics
from collections import Counter
from collections.abc import Callable
from string import ascii_lowercase
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from workers.agents import AGENTS
from workers.agents.analysis import tally
from workers.agents.analysis.bootstrap import FEWEST_ROWS
from workers.contract import Result

Run = Callable[..., Result]

TASKS = ["Pay", "Book", "Call the bank", "Team meeting", *(f"{letter * 5} once" for letter in "abcdefghijkl")]
ROWS = st.lists(
    st.fixed_dictionaries({"text": st.sampled_from(TASKS), "estimated_minutes": st.integers(0, 500) | st.none()}),
    min_size=1,
    max_size=60,
)
MONTH = {"hourly_rate": 45, "currency": "EUR", "period": {"type": "month"}}


def scenario(rows: list[Any], **context: Any) -> dict[str, Any]:
    spec = AGENTS["scenario_worker"]
    return spec.run(spec.input_model.model_validate({"rows": rows, **MONTH, **context})).content


def some_rows(number: int, seed: int = 1) -> list[dict[str, Any]]:
    generator = random.Random(seed)
    words = ["".join(generator.choices(ascii_lowercase, k=12)) for _ in range(number)]
    texts = [generator.choice(["Pay", "Book"]) if generator.random() < 0.3 else word for word in words]
    return [{"text": text, "estimated_minutes": round(generator.expovariate(1 / 30), 2)} for text in texts]


def naive_interval(rows: list[dict[str, Any]]) -> tuple[float, float]:
    """Draw all rows again each time, as the bootstrap is taught."""
    counts = Counter(row["text"] for row in rows)
    pool = [(row["estimated_minutes"], counts[row["text"]] > 1) for row in rows]
    generator, found = random.Random(7), []
    for _ in range(600):
        drawn = generator.choices(pool, k=len(pool))
        share = sum(recurs for _minutes, recurs in drawn) / len(pool)
        found.append(sum(minutes for minutes, _recurs in drawn) / 60 * min(0.6, 1.25 * share))
    cuts = statistics.quantiles(found, n=40, method="inclusive")
    return cuts[0], cuts[-1]


@pytest.mark.parametrize("number", [60, 900, 4_000])
def test_the_interval_is_that_of_a_bootstrap_over_the_rows(number: int) -> None:
    rows = some_rows(number)
    content, (low, high) = scenario(rows), naive_interval(rows)
    near = pytest.approx(0, abs=0.2 * (high - low))
    assert content["interval"]["low_hours"] - low == near
    assert content["interval"]["high_hours"] - high == near
    assert (content["interval"]["level"], content["interval"]["resamples"]) == (0.95, 1000)


def test_both_ways_of_drawing_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = some_rows(900)
    singly = scenario(rows)["interval"]
    monkeypatch.setattr(tally, "MOST_DRAWN", 0)
    by_sums = scenario(rows)["interval"]
    width = singly["high_hours"] - singly["low_hours"]
    for bound in ("low_hours", "high_hours"):
        assert by_sums[bound] == pytest.approx(singly[bound], abs=0.15 * width)


@pytest.mark.parametrize("number", [200, 3_000])
def test_the_same_rows_in_another_order_give_the_same_interval(number: int) -> None:
    rows = some_rows(number)
    shuffled = random.Random(3).sample(rows, len(rows))
    assert scenario(rows)["interval"] == scenario(shuffled)["interval"]
    assert scenario(rows)["interval"]["seed"] != scenario(rows[:-1])["interval"]["seed"]


@settings(max_examples=examples(25), deadline=None)
@given(ROWS, st.randoms())
def test_any_rows_in_any_order_give_bounds_in_order(rows: list[dict[str, Any]], generator: random.Random) -> None:
    content = scenario(rows)
    assert content == scenario(generator.sample(rows, len(rows)))
    interval = content.get("interval", {"low_hours": 0, "high_hours": 0})
    assert 0 <= interval["low_hours"] <= interval["high_hours"]


def test_few_rows_have_no_interval() -> None:
    assert "interval" in scenario([{"text": "Pay", "estimated_minutes": 30}] * FEWEST_ROWS)
    assert "interval" not in scenario([{"text": "Pay", "estimated_minutes": 30}] * (FEWEST_ROWS - 1))


def test_nothing_that_recurs_has_neither_interval_nor_sensitivity() -> None:
    rows = [{"text": f"{chr(97 + n) * 5} once", "estimated_minutes": 30} for n in range(FEWEST_ROWS)]
    assert not scenario(rows).keys() & {"interval", "sensitivity"}


def test_the_interval_is_of_a_month_like_the_recovered_hours() -> None:
    rows = some_rows(100)
    month, quarter = scenario(rows), scenario(rows, period={"type": "quarter"})
    assert quarter["interval"]["low_hours"] == pytest.approx(month["interval"]["low_hours"] / 3, abs=0.01)


def test_the_sensitivity_is_the_scenario_with_each_pair_of_coefficients() -> None:
    rows = [{"text": text, "estimated_minutes": 60} for text in ["Pay", "Pay", "Xyz", "Abc", "Mno"]]
    content = scenario(rows)
    assert [(line["cap_percent"], line["factor"]) for line in content["sensitivity"]] == [
        (cap, factor) for cap in (40, 60, 80) for factor in (1, 1.25, 1.5)
    ]
    hours = [line["recovered_hours"] for line in content["sensitivity"]]
    assert hours == [2.0, 2.0, 2.0, 2.0, 2.5, 3.0, 2.0, 2.5, 3.0]
    for line in content["sensitivity"]:
        other = scenario(rows, friction_cap_percent=line["cap_percent"], friction_factor=str(line["factor"]))
        assert line["recovered_hours"] == other["recovered_hours"]
        assert line["recovered_monthly_cost"] == other["recovered_monthly_cost"]


def test_coefficients_at_their_limits_have_a_smaller_grid() -> None:
    rows = [{"text": "Pay", "estimated_minutes": 60}] * 2
    lines = scenario(rows, friction_cap_percent=100, friction_factor=0)["sensitivity"]
    assert [(line["cap_percent"], line["factor"]) for line in lines] == [(80, 0), (80, 0.25), (100, 0), (100, 0.25)]


def test_a_percentage_found_by_another_method_has_no_range_around_it() -> None:
    content = scenario(some_rows(50), deliverables={"friction_analysis": {"avoidable_percent": 7}})
    assert not content.keys() & {"interval", "sensitivity"}


def test_meetings_cannot_be_recovered() -> None:
    rows = [{"text": text, "estimated_minutes": 60} for text in ["Team meeting", "Team meeting", "Pay", "Pay", "Xyz"]]
    assert scenario(rows, friction_factor=1)["recovered_hours"] == 2.0
