"""What an agent is, and what it asks for."""

import pytest
from pydantic import Field

from workers.agents import AGENTS
from workers.contract import AgentInput, AgentSpec, Period, Result, agent, input_model_of, missing_inputs

KNOWN = {"period": "month", "currency": "EUR"}


class InvoiceInput(AgentInput):
    currency: str = Field(title="Currency", description="In which currency?", min_length=3, examples=["EUR"])
    limit: float | None = Field(None, ge=0)


def check_invoices(work: InvoiceInput) -> Result:
    return Result({"currency": work.currency})


SPEC = AgentSpec("invoice_worker", check_invoices, InvoiceInput, "invoice_check", 1, 1)


def test_every_agent_of_ours_is_registered_with_what_it_delivers() -> None:
    assert {name: spec.deliverable for name, spec in AGENTS.items()} == {
        "category_writer": "suggested_categories",
        "cost_worker": "cost_analysis",
        "dev_worker": "development_output",
        "draft_writer": "development_draft",
        "friction_worker": "friction_analysis",
        "generic_worker": "generic_output",
        "name_writer": "task_names",
        "placing_worker": "row_categories",
        "requirements_manager": "requirements_analysis",
        "requirements_writer": "requirements_by_model",
        "scenario_worker": "with_agent_scenario",
        "summary_worker": "executive_summary",
        "test_worker": "test_report",
        "test_writer": "test_design",
        "time_waste_worker": "time_waste_analysis",
    }


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ValueError, match="Two agents are called"):
        agent("cost_worker")(check_invoices)


def test_an_agent_that_asks_models_runs_in_a_child_process() -> None:
    with pytest.raises(ValueError, match="cannot be quick"):
        agent("slow_worker", quick=True, uses_models=True)(check_invoices)


def test_an_agent_without_a_typed_input_is_refused() -> None:
    def untyped(work):  # type: ignore[no-untyped-def]
        return Result({})

    with pytest.raises(TypeError, match="AgentInput"):
        input_model_of(untyped)


def test_a_missing_field_is_asked_for_by_its_own_schema() -> None:
    asked = {
        "type": "string",
        "title": "Currency",
        "description": "In which currency?",
        "minLength": 3,
        "examples": ["EUR"],
    }
    assert missing_inputs(SPEC, {}) == {"currency": asked}


def test_an_invalid_optional_field_is_asked_for_as_one_type() -> None:
    assert missing_inputs(SPEC, {"currency": "EUR", "limit": "low"}) == {
        "limit": {"type": "number", "title": "Limit", "minimum": 0}
    }


@pytest.mark.parametrize("rate", [45, 45.5, "45.50", "0.01"])
def test_a_rate_may_be_a_number_or_spell_one(rate: object) -> None:
    assert missing_inputs(AGENTS["cost_worker"], {**KNOWN, "hourly_rate": rate}) == {}


@pytest.mark.parametrize("rate", [None, "", "abc", True, 0, -1, "NaN", float("inf"), 100_001, [45], {}])
def test_a_rate_that_is_none_is_asked_for_as_a_number(rate: object) -> None:
    schema = missing_inputs(AGENTS["cost_worker"], {"hourly_rate": rate})["hourly_rate"]
    assert (schema["type"], schema["exclusiveMinimum"], schema["maximum"]) == ("number", 0, 100_000)


@pytest.mark.parametrize("name", ["time_waste_worker", "friction_worker", "generic_worker", "test_worker"])
def test_an_agent_asks_only_for_what_it_needs_itself(name: str) -> None:
    unfit = {"hourly_rate": "abc", "period": "eon", "notes": 1, "deliverables": [], "request_text": None, "rows": "x"}
    assert missing_inputs(AGENTS[name], unfit) == {}


@pytest.mark.parametrize("period", ["week", {"type": "year"}, {"first": "2026-01-01", "last": "2026-03-31"}])
def test_a_period_is_a_length_or_two_days(period: object) -> None:
    assert missing_inputs(AGENTS["cost_worker"], {**KNOWN, "hourly_rate": 1, "period": period}) == {}


@pytest.mark.parametrize(
    "period",
    [None, "eon", {}, {"type": "working_days"}, {"type": "dates"}, {"type": "dates", "first": "2026-01-01"}]
    + [{"first": "2026-03-31", "last": "2026-01-01"}, {"type": "day", "working_days": 32}],
)
def test_a_period_that_says_no_length_is_asked_for_and_never_assumed(period: object) -> None:
    context = {"rows": [{"text": "Pay"}], "hourly_rate": 1, "currency": "EUR", "period": period}
    assert list(missing_inputs(AGENTS["cost_worker"], context)) == ["period"]


def test_without_rows_these_are_asked_for_before_their_period() -> None:
    assert list(missing_inputs(AGENTS["cost_worker"], {"hourly_rate": 1, "currency": "EUR"})) == ["rows"]


@pytest.mark.parametrize("currency", ["eur", "EURO", "XAU", 978, None, ""])
def test_a_currency_that_is_none_is_asked_for_with_the_list(currency: object) -> None:
    asked = missing_inputs(AGENTS["cost_worker"], {"period": "month", "hourly_rate": 1, "currency": currency})
    assert "EUR" in asked["currency"]["enum"]


@pytest.mark.parametrize(
    ("spelling", "kind"),
    [("monthly", "month"), ("Weekly", "week"), ("daily", "day"), ("quarterly", "quarter"), ("annual", "year")],
)
def test_a_period_is_read_as_older_producers_spell_it(spelling: str, kind: str) -> None:
    assert Period.model_validate({"type": spelling, "working_days": 20}).type == kind
    assert Period.model_validate(spelling).type == kind


def test_a_month_is_measured_in_every_period() -> None:
    lengths = {kind: float(Period(type=kind).periods_per_month()) for kind in ("week", "month", "quarter", "year")}
    assert lengths == {"week": 52 / 12, "month": 1, "quarter": 4 / 12, "year": 1 / 12}
    assert Period(type="day").periods_per_month() * 12 == 260
    assert Period(type="day", working_days=20).periods_per_month() == 20
