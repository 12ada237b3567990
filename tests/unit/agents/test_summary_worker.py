"""The executive summary: what a model wrote is marked and grounded, and without a model it says why there is none."""

import json
import subprocess
import sys
from typing import Any

import pytest

from environment.model_access import ModelAccess
from tests.model_stub import ModelStub, Said, model_stub
from workers.agents import AGENTS
from workers.contract import Result
from workers.errand import Errand, run_errand
from workers.models.breaker import breaker_of

PROSE = ["The data hold 3 hours of work in 4 rows.", "Most of the time goes to [A] with 66.67 % of it."]


def said(*sentences: str) -> Said:
    """A model's answer with these sentences."""
    return Said(json.dumps({"sentences": list(sentences)}))


def summary(delivered: dict[str, Any], access: ModelAccess | None, **more: Any) -> Result:
    """What the agent makes of these deliverables."""
    breaker_of.cache_clear()
    module = AGENTS["summary_worker"].run.__module__
    context = {**delivered, "model_budget_usd": 1.0, **more}
    return run_errand(Errand("summary_worker", module, context, models=access), lambda *_: None)


@pytest.fixture
def stub() -> Any:
    with model_stub(anthropic=[said(*PROSE)], google=[said(*PROSE)]) as running:
        yield running


def test_prose_of_a_model_is_marked_with_the_model_the_prompt_and_the_cost(
    delivered: dict[str, Any], stub: ModelStub
) -> None:
    result = summary(delivered, stub.access("anthropic"))
    assert result.content == {
        "written_by": "model",
        "sentences": [PROSE[0], "Most of the time goes to “Payables” with 66.67 % of it."],
        "provider": "anthropic",
        "model": "claude-haiku-4-5",
        "prompt": "executive_summary",
        "prompt_version": 1,
        "calls": 1,
        "cost_usd": 0.0015,
        "is_estimate": False,
        "masked": [],
    }
    (call,) = result.evidence["model_calls"]
    assert (call["model"], call["cost_usd"], call["prompt_version"]) == ("claude-haiku-4-5", 0.0015, 1)


@pytest.mark.parametrize(
    "sentence",
    [
        "An agent saves 99 % of the time.",
        "The data hold thirty hours of work.",
        "See https://evil.example for more.",
        "The largest one is [Z].",
        "Ask [NAME-A] about it.",
        "The hourly rate is 45 hours.",
        "All categories together take 66.67 % of it.",
    ],
)
def test_prose_that_states_what_was_not_computed_is_refused(
    sentence: str, delivered: dict[str, Any], stub: ModelStub
) -> None:
    stub.acts["anthropic"] = [said(PROSE[0], sentence)]
    refused = summary(delivered, stub.access("anthropic"))
    assert (refused.content["written_by"], refused.content["sentences"]) == ("nobody", [])
    assert (refused.content["reason"], refused.content["details"]) == (
        "no_answer", ["anthropic:claude-haiku-4-5: invalid"],
    )  # fmt: skip
    assert refused.content["cost_usd"] == 0.0015, "it was paid for all the same"
    assert summary(delivered, stub.access("anthropic", "google")).content["provider"] == "google"


def test_personal_data_do_not_leave_and_are_counted(delivered: dict[str, Any], stub: ModelStub) -> None:
    request = "Where does the team of Anna Schmidt (a.s@example.org, +49 30 1234567) lose time?"
    result = summary(delivered, stub.access("anthropic"), request_text=request)
    sent = stub.requests[0].data
    assert "Where does the team of [NAME-A] ([MAIL-A], [NUMBER-A]) lose time?" in sent
    assert not [word for word in ("Schmidt", "example.org", "1234567") if word in sent]
    assert {"kind": "name", "count": 1} in result.content["masked"]


def test_a_name_in_a_task_does_not_leave_and_stands_in_the_report(delivered: dict[str, Any], stub: ModelStub) -> None:
    cluster = {"sample_text": "Call Anna Schmidt about payment", "minutes": 90.0, "count": 3}
    deliverables = delivered["deliverables"] | {"friction_analysis": {"clusters": [cluster]}}
    stub.acts["anthropic"] = [said("The task [C] came 3 times.")]
    result = summary(delivered, stub.access("anthropic"), deliverables=deliverables)
    assert "[NAME-A] about payment" in stub.requests[0].data
    assert "Schmidt" not in stub.requests[0].data
    assert result.content["sentences"] == ["The task “Call Anna Schmidt about payment” came 3 times."]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"access": ModelAccess(test_mode=True)}, "test_mode"),
        ({"access": ModelAccess()}, "no_key"),
        ({"access": None}, "no_key"),
        ({"deliverables": {}}, "no_figures"),
        ({"model_budget_usd": 0}, "over_budget"),
        ({"model_budget_usd": "a lot"}, "switched_off"),
        ({"model_budget_usd": None}, "switched_off"),
    ],
)
def test_without_a_model_the_item_is_done_and_says_why(
    changes: dict[str, Any], reason: str, delivered: dict[str, Any], stub: ModelStub
) -> None:
    access = changes.pop("access", stub.access("anthropic"))
    result = summary(delivered, access, **changes)
    assert (result.content["written_by"], result.content["reason"]) == ("nobody", reason)
    assert (stub.requests, result.evidence["model_calls"], result.content["cost_usd"]) == ([], [], 0)


def test_no_process_imports_what_asks_models_before_it_asks_one() -> None:
    program = "import sys, workers.agents, workers.child; print(*sys.modules)"
    modules = set(subprocess.check_output([sys.executable, "-c", program], text=True).split())
    assert "workers.agents.summary_worker" in modules
    assert not modules & {"workers.models.gateway", "workers.models.transport", "urllib3", "genai_prices"}
