"""Fragmentation, rework and waiting, against naive computations."""

import random
import statistics
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.agents import AGENTS
from workers.agents.analysis import tally
from workers.contract import Result

Run = Callable[..., Result]

FIRST = datetime(2026, 1, 12, 8)
ROW = st.fixed_dictionaries(
    {
        "text": st.sampled_from(["Assess", "Book", "Close"]),
        "category": st.sampled_from(["X", "Y"]),
        "estimated_minutes": st.integers(0, 40) | st.none(),
        "started_at": st.integers(0, 4000).map(lambda minutes: (FIRST + timedelta(minutes=minutes)).isoformat()),
    },
    optional={"person": st.sampled_from(["Ada", "Alan"]), "case": st.sampled_from(["1", "2", "3"])},
)
# Two rows of one moment have no order that a naive computation could know.
ROWS = st.lists(ROW, min_size=1, max_size=25, unique_by=lambda row: row["started_at"])


def friction(rows: list[dict[str, Any]]) -> dict[str, Any]:
    spec = AGENTS["friction_worker"]
    return spec.run(spec.input_model.model_validate({"rows": rows})).content


def step(text: str, start: str, minutes: float | None = 10, **told: str) -> dict[str, Any]:
    return {"text": text, "category": "", "estimated_minutes": minutes, "started_at": f"2026-01-12T{start}", **told}


def test_blocks_under_a_quarter_of_an_hour_are_short() -> None:
    rows = [{"text": "Pay", "estimated_minutes": minutes} for minutes in (0, None, 14.99, 15, 30, 5)]
    short = {"short_rows": 2, "short_percent": 50.0, "short_minutes": 19.99}
    assert friction(rows)["fragmentation"] == short


def test_a_switch_is_another_task_or_category_of_the_same_person_on_the_same_day() -> None:
    ada, alan = {"person": "Ada"}, {"person": "Alan"}
    rows = [
        *(step("Book", "08:00", **ada), step("Book", "09:00", **ada), step("Pay", "10:00", **ada)),
        *(step("Book", "08:30", **alan), {**step("Book", "11:00", **alan), "category": "Other"}),
        {**step("Close", "08:00", **ada), "started_at": "2026-01-13T08:00"},
    ]
    found = friction(rows)["fragmentation"]
    assert (found["switches"], found["switches_per_hour"]) == (2, 2.0)


def test_rows_without_people_tell_no_switches() -> None:
    assert "switches" not in friction([step("Book", "08:00"), step("Pay", "09:00")])["fragmentation"]


def test_a_case_that_comes_back_to_a_task_has_rework() -> None:
    rows = [
        *(
            step(text, f"{8 + n}:00".zfill(5), case="1")
            for n, text in enumerate(["A1x", "Book", "Book", "A1x", "Book"])
        ),
        *(step(text, f"{8 + n}:00".zfill(5), case="2") for n, text in enumerate(["A1x", "A1x", "Book"])),
        step("A1x", "08:00"),
        {"text": "Book", "category": "", "case": "2"},
    ]
    assert friction(rows)["rework"] == {"cases": 2, "cases_with_rework": 1, "percent": 50.0, "returns": 2}


def test_waiting_is_from_the_end_of_a_row_to_the_start_of_the_next() -> None:
    rows = [
        *(step("Assess", f"{8 + n}:00".zfill(5), 10, case=str(n)) for n in range(3)),
        *(step("Book", f"{8 + n}:3{n}".zfill(5), 10, case=str(n)) for n in range(3)),
        step("Close", "08:35", None, case="0"),
        step("Assess", "20:00", case="0"),
    ]
    assert friction(rows)["waiting"] == {
        "steps": 4,
        "median_minutes": 20.5,
        "p90_minutes": 21.7,
        "longest": [{"from": "Assess", "to": "Book", "median_minutes": 21.0, "count": 3}],
    }


def test_cases_without_a_time_of_day_tell_neither_rework_nor_waiting() -> None:
    rows = [{**step("Book", "08:00", case="1"), "started_at": "2026-01-12"}] * 3
    assert not friction(rows).keys() & {"rework", "waiting"}


@given(ROWS, st.randoms())
def test_the_order_of_the_rows_changes_nothing_of_it(rows: list[dict[str, Any]], generator: random.Random) -> None:
    assert friction(rows) == friction(generator.sample(rows, len(rows)))


@given(ROWS)
def test_percentages_are_within_their_bounds(rows: list[dict[str, Any]]) -> None:
    content = friction(rows)
    parts = [content.get(name, {}) for name in ("fragmentation", "rework", "meetings")]
    percents = [value for part in parts for key, value in part.items() if key.endswith("percent")]
    assert all(0 <= percent <= 100 for percent in [*percents, content["recurring_share"], content["avoidable_percent"]])


@given(ROWS)
def test_it_is_what_a_naive_computation_gives(rows: list[dict[str, Any]]) -> None:
    content, waits, visits, switches = friction(rows), list[float](), list[list[str]](), 0
    for case in {row["case"] for row in rows if "case" in row}:
        steps = in_order(rows, "case", case)
        visits.append([text for text, _group in groupby(row["text"] for row in steps)])
        for one, two in pairwise(steps):
            if one["estimated_minutes"] is not None:
                since = datetime.fromisoformat(two["started_at"]) - datetime.fromisoformat(one["started_at"])
                waits.append(max(0.0, since.total_seconds() / 60 - one["estimated_minutes"]))
    for person in {row["person"] for row in rows if "person" in row}:
        for one, two in pairwise(in_order(rows, "person", person)):
            is_other = (one["text"], one["category"]) != (two["text"], two["category"])
            switches += is_other and one["started_at"][:10] == two["started_at"][:10]
    returns = [len(texts) - len(set(texts)) for texts in visits]
    rework = content.get("rework", {"cases": 0, "returns": 0, "cases_with_rework": 0})
    assert (rework["cases"], rework["returns"]) == (len(visits), sum(returns))
    assert rework["cases_with_rework"] == sum(count > 0 for count in returns)
    assert content.get("fragmentation", {}).get("switches", switches) == switches
    assert content.get("waiting", {"steps": 0})["steps"] == len(waits)
    if len(waits) > 1:
        assert content["waiting"]["median_minutes"] == pytest.approx(statistics.median(waits), abs=0.0051)
        ninth = statistics.quantiles(waits, n=10, method="inclusive")[8]
        assert content["waiting"]["p90_minutes"] == pytest.approx(ninth, abs=0.0051)


def in_order(rows: list[dict[str, Any]], key: str, value: str) -> list[dict[str, Any]]:
    return sorted((row for row in rows if row.get(key) == value), key=lambda row: row["started_at"])


def test_more_steps_than_can_be_kept_are_said_to_be_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MOST_STEPS", 3)
    rows = [step("Book", f"08:0{n}", case="1", person="Ada") for n in range(4)]
    content = friction(rows)
    assert (content["rework"], content["waiting"]) == ({"limited": True}, {"limited": True})
    assert content["fragmentation"] == {"short_rows": 4, "short_percent": 100.0, "short_minutes": 40.0, "limited": True}
    assert "limited" not in friction(rows[:3])["rework"]


def test_more_names_than_a_team_has_are_not_counted_as_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MOST_PEOPLE", 2)
    rows = [step("Book", f"08:0{n}", person=f"P{n}") for n in range(3)]
    assert "people" not in friction(rows)["clusters"][0]
    assert friction(rows[:2])["clusters"][0]["people"] == 2
