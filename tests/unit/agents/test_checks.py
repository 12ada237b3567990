"""The checks of every figure."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from workers.agents import AGENTS
from workers.agents.checks import CHECKS
from workers.agents.test_worker import NOTHING_CHECKED
from workers.contract import Result

Run = Callable[..., Result]

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = (
    "total_minutes",
    "total_hours",
    "breakdown",
    "hourly_rate",
    "monthly_cost",
    "annual_cost",
    "total_rows",
    "clusters",
)
MORE_KEYS = (
    "recurring_count",
    "recurring_share",
    "avoidable_percent",
    "cluster_count",
    "recovered_hours",
    "requirements",
)


def failed(report: dict[str, Any]) -> list[str]:
    return [check["name"] for check in report["checks"] if not check["passed"]]


def test_all_figures_of_ours_pass(run: Run, delivered: dict[str, Any]) -> None:
    result = run("test_worker", **delivered)
    assert failed(result.content) == []
    assert result.content["all_passed"] is True
    assert result.evidence["failed"] == 0
    assert result.evidence["passed"] == len(result.content["checks"]) > 25


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("time_waste_analysis.total_minutes", 180.02),
        ("time_waste_analysis.total_hours", 3.2),
        ("time_waste_analysis.breakdown", []),
        ("cost_analysis.monthly_cost", 136),
        ("cost_analysis.annual_cost", None),
        ("cost_analysis.hourly_rate", "45"),
        ("friction_analysis.total_rows", 5),
        ("friction_analysis.recurring_count", 3),
        ("friction_analysis.recurring_share", 51),
        ("friction_analysis.avoidable_percent", 59),
        ("friction_analysis.clusters", []),
        ("with_agent_scenario.recovered_hours", 2),
        ("with_agent_scenario.recovered_monthly_cost", 80),
        ("with_agent_scenario.recovered_annual_cost", 1),
    ],
)
def test_a_figure_that_is_off_is_found(run: Run, delivered: dict[str, Any], path: str, value: object) -> None:
    kind, key = path.split(".")
    delivered["deliverables"][kind][key] = value
    result = run("test_worker", **delivered)
    assert path in failed(result.content)
    assert result.evidence["failed"] == len(failed(result.content))


def test_a_category_that_is_off_is_found(run: Run, delivered: dict[str, Any]) -> None:
    delivered["deliverables"]["time_waste_analysis"]["breakdown"][0]["minutes"] += 1
    assert failed(run("test_worker", **delivered).content) == ["time_waste_analysis.breakdown[Payables].minutes"]


def test_an_invented_requirement_and_one_left_undone_are_found(run: Run, delivered: dict[str, Any]) -> None:
    invented = {"number": 3, "text": "Fly", "source_sentence": "It must fly.", "source": "request"}
    delivered["deliverables"]["requirements_analysis"]["requirements"].append(invented)
    found = failed(run("test_worker", **delivered).content)
    assert found == ["requirements_analysis.requirements[3]", "development_output.covers[3]"]


def test_a_foreign_worker_may_round_early_and_cluster_by_the_very_text_only(run: Run) -> None:
    texts = ["Pay 1", "Pay 2", "Call", "Call"]
    rows = [{"text": text, "category": "", "estimated_minutes": 25} for text in texts]
    foreign = {
        "cost_analysis": {"total_hours": 1.67, "hourly_rate": 45, "monthly_cost": 75.15, "annual_cost": 901.8},
        "friction_analysis": {
            "total_rows": 4,
            "recurring_count": 2,
            "recurring_share": 0.5,
            "avoidable_percent": 60,
            "clusters": [{"fingerprint": "call", "count": 2, "sample_text": "Call"}],
        },
        "time_waste_analysis": {
            "total_minutes": 100,
            "total_hours": 1.67,
            "breakdown": [{"category": "Unknown", "minutes": 100, "hours": 1.67, "share_percent": 100}],
        },
    }
    assert failed(run("test_worker", rows=rows, hourly_rate="45", deliverables=foreign).content) == []


def test_where_nothing_was_delivered_nothing_is_checked(run: Run) -> None:
    result = run("test_worker", deliverables={"something_else": {}})
    said = {"passed": 0, "failed": 0, "all_passed": False, "reason": NOTHING_CHECKED}
    assert result.content == {"checks": [], **said}
    assert result.evidence.items() >= said.items()


@pytest.mark.parametrize("deliverables", [{}, {"cost_analysis": "a text"}, {"cost_analysis": {}, "pad": "a text"}])
def test_what_cannot_be_checked_has_not_passed(run: Run, deliverables: dict[str, Any]) -> None:
    assert run("test_worker", deliverables=deliverables).evidence["all_passed"] is False


@pytest.mark.parametrize(
    ("coefficients", "percent", "passes"),
    [
        ({"factor": 1, "cap_percent": 100}, 50, True),
        ({"factor": 0.5}, 25, True),
        ({"cap_percent": 40}, 40, True),
        ({"factor": 1, "cap_percent": 100}, 60, False),
        ({"factor": 11}, 60, True),
        ({"factor": True}, 50, False),
        ("1 and 100", 60, True),
    ],
)
def test_what_the_same_method_gives_with_other_stated_coefficients_is_accepted(
    run: Run, delivered: dict[str, Any], coefficients: Any, percent: float, passes: bool
) -> None:
    delivered["deliverables"]["friction_analysis"] |= {"coefficients": coefficients, "avoidable_percent": percent}
    del delivered["deliverables"]["with_agent_scenario"]
    result = run("test_worker", **delivered)
    assert failed(result.content) == ([] if passes else ["friction_analysis.avoidable_percent"])


def test_the_report_names_coefficients_that_are_not_the_requests(run: Run, delivered: dict[str, Any]) -> None:
    delivered["deliverables"]["friction_analysis"] |= {"coefficients": {"factor": 1}, "avoidable_percent": 50}
    checks = run("test_worker", **delivered).content["checks"]
    [found] = [check for check in checks if check["name"] == "friction_analysis.avoidable_percent"]
    assert "factor 1." in found["detail"]


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=examples(200), deadline=None)
@given(
    st.fixed_dictionaries(
        {}, optional={k: st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS + MORE_KEYS, JSON)) for k in CHECKS}
    )
)
def test_whatever_others_deliver_is_reported_on(deliverables: dict[str, Any]) -> None:
    spec = AGENTS["test_worker"]
    context = {"rows": [{"text": "Pay", "estimated_minutes": 60}], "hourly_rate": 45, "deliverables": deliverables}
    content = spec.run(spec.input_model.model_validate(context)).content
    assert content["passed"] + content["failed"] == len(content["checks"])


@pytest.fixture
def told(run: Run) -> dict[str, Any]:
    """A work context whose rows tell everything, with what all analyses deliver for them."""
    texts = ["Check invoice", "Pay", "Check invoice", "Team meeting"] * 6
    rows: list[dict[str, Any]] = [
        {
            "text": text,
            "category": "Payables" if text == "Pay" else "Office",
            "estimated_minutes": 5 + number,
            "started_at": f"2026-01-{12 + number // 8}T{8 + number % 8:02}:50:00+01:00",
            "person": "Ada",
            "case": f"C{number // 8}",
        }
        for number, text in enumerate(texts)
    ]
    context: dict[str, Any] = {"rows": rows, "hourly_rate": 45, "currency": "EUR", "period": {"type": "month"}}
    context["deliverables"] = {}
    for name in ("time_waste_worker", "friction_worker", "scenario_worker"):
        context["deliverables"][AGENTS[name].deliverable] = run(name, **context).content
    return context


def test_all_figures_about_rows_that_tell_everything_pass(run: Run, told: dict[str, Any]) -> None:
    checks = run("test_worker", **told).content["checks"]
    assert [check for check in checks if not check["passed"]] == []
    parts = ("by_week[", "by_weekday", "concentration", "fragmentation", "meetings", "rework", "waiting")
    assert [part for part in (*parts, "interval", "sensitivity") if not any(part in c["name"] for c in checks)] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("time_waste_analysis.by_week.0.hours", 99),
        ("time_waste_analysis.by_weekday.0.hours", 99),
        ("time_waste_analysis.concentration.herfindahl", 0.9),
        ("time_waste_analysis.concentration.top_three_percent", None),
        ("friction_analysis.recurring_without_meetings", 24),
        ("friction_analysis.fragmentation.short_rows", 1),
        ("friction_analysis.fragmentation.short_percent", 1),
        ("friction_analysis.fragmentation.short_minutes", 1),
        ("friction_analysis.fragmentation.switches", 1),
        ("friction_analysis.meetings.percent", 1),
        ("friction_analysis.rework.cases", 1),
        ("friction_analysis.rework.returns", 1),
        ("friction_analysis.rework.percent", 1),
        ("friction_analysis.waiting.steps", 1),
        ("friction_analysis.waiting.median_minutes", 1),
        ("friction_analysis.waiting.p90_minutes", 1),
        ("with_agent_scenario.interval.low_hours", 900),
        ("with_agent_scenario.interval.high_hours", "many"),
        ("with_agent_scenario.sensitivity.0.recovered_hours", 900),
        ("with_agent_scenario.sensitivity.0.recovered_monthly_cost", True),
    ],
)
def test_a_figure_of_such_rows_that_is_off_is_found(run: Run, told: dict[str, Any], path: str, value: object) -> None:
    *way, last = path.split(".")
    part: Any = told["deliverables"]
    for key in way:
        part = part[int(key)] if isinstance(part, list) else part[key]
    part[last] = value
    assert len(failed(run("test_worker", **told).content)) == 1
