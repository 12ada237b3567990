"""Agents are run as the loop runs them: from a work context, through their input model."""

from collections.abc import Callable
from typing import Any

import pytest

from workers.agents import AGENTS
from workers.contract import Result

Run = Callable[..., Result]
# What a test that is about something else does not have to say.
KNOWN = {"period": "month", "currency": "EUR"}


@pytest.fixture
def run() -> Run:
    def call(name: str, **context: Any) -> Result:
        return AGENTS[name].run(AGENTS[name].input_model.model_validate(KNOWN | context))

    return call


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    """Three hours in two categories: two checks of an invoice, one closing, one row without an estimate."""
    return [
        {"text": "Check invoice 4711", "category": "Payables", "estimated_minutes": 40},
        {"text": "check Invoice #4712!", "category": "Payables", "estimated_minutes": 80},
        {"text": "Close the ledger", "category": "Closing", "estimated_minutes": 60},
        {"text": "Call the bank", "category": "", "estimated_minutes": None},
    ]


@pytest.fixture
def delivered(run: Run, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A work context with what all analyses deliver for the rows."""
    context: dict[str, Any] = {
        **KNOWN,
        "rows": rows,
        "hourly_rate": 45,
        "request_text": "Find waste. It must be cheap.",
        "deliverables": {},
    }
    names = (
        "requirements_manager",
        "dev_worker",
        "time_waste_worker",
        "cost_worker",
        "friction_worker",
        "scenario_worker",
    )
    for name in names:
        context["deliverables"][AGENTS[name].deliverable] = run(name, **context).content
    return context
