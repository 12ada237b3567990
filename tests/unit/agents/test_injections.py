"""Hostile text in a spreadsheet gives no orders: not to a model that is careful, and to no avail to one that obeys."""

import json
from typing import Any

import pytest

from tests.delivered import contents
from tests.injection_corpus import CORPUS, Injection, obeying
from tests.model_stub import NAMES, ModelStub, Said, model_stub
from workers.agents import AGENTS
from workers.contract import Result
from workers.errand import Errand, run_errand
from workers.models.breaker import breaker_of
from workers.models.prompts import prompt

INSTRUCTIONS = prompt("executive_summary", 1).instructions
CAREFUL = Said(json.dumps({"sentences": ["The data hold 3 hours of work in 4 rows."]}))
EACH = pytest.mark.parametrize("injection", CORPUS, ids=lambda injection: str(injection.name))


def rows(text: str) -> list[dict[str, Any]]:
    """Rows whose texts and whose category are this text."""
    return [
        {"text": text, "category": text, "estimated_minutes": 40},
        {"text": text, "category": text, "estimated_minutes": 80},
        {"text": "Close the ledger", "category": "Closing", "estimated_minutes": 60},
        {"text": "Call the bank", "category": "", "estimated_minutes": None},
    ]


def analysed(text: str) -> dict[str, Any]:
    """The work context of the summary, with what our own workers make of such rows."""
    found = contents(rows(text), request_text=text)
    known = {"hourly_rate": 45, "currency": "EUR", "period": {"type": "month"}, "model_budget_usd": 1.0}
    return {**known, "rows": rows(text), "request_text": text, "deliverables": found}


def summary(context: dict[str, Any], stub: ModelStub) -> Result:
    """What the agent makes of it, with every provider in the order."""
    breaker_of.cache_clear()
    module = AGENTS["summary_worker"].run.__module__
    return run_errand(Errand("summary_worker", module, context, models=stub.access(*NAMES)), lambda *_: None)


def figures_in(content: Any) -> Any:
    """The numbers of a deliverable, at their places."""
    if isinstance(content, dict):
        return {key: figures_in(value) for key, value in content.items() if not isinstance(value, str)}
    if isinstance(content, list):
        return [figures_in(value) for value in content if not isinstance(value, str)]
    return content


@pytest.fixture(scope="module")
def harmless() -> dict[str, Any]:
    return analysed("Check the invoice")


def test_the_corpus_is_broad() -> None:
    assert len({injection.name for injection in CORPUS}) == len(CORPUS) >= 30


@EACH
def test_no_figure_changes(injection: Injection, harmless: dict[str, Any]) -> None:
    kinds = ("time_waste_analysis", "cost_analysis", "friction_analysis", "with_agent_scenario")
    context = analysed(injection.text)
    before = json.dumps(context["deliverables"])
    with model_stub(**{name: [obeying(injection)] for name in NAMES}) as stub:
        summary(context, stub)
    assert json.dumps(context["deliverables"]) == before
    for kind in kinds:
        found, expected = context["deliverables"][kind], harmless["deliverables"][kind]
        assert figures_in(found).keys() == figures_in(expected).keys()
        assert found.get("total_minutes") == expected.get("total_minutes")
        assert found.get("recovered_hours") == expected.get("recovered_hours")
        assert found.get("annual_cost") == expected.get("annual_cost")


@EACH
def test_the_text_is_quoted_as_data_and_no_tool_is_offered(injection: Injection, harmless: dict[str, Any]) -> None:
    with model_stub(**{name: [CAREFUL] for name in NAMES}) as stub:
        result = summary(analysed(injection.text), stub)
        expected = summary(harmless, stub)
        (sent, reference) = stub.requests
    assert sent.instructions == reference.instructions == INSTRUCTIONS
    data = json.loads(sent.data)
    assert data.keys() == json.loads(reference.data).keys() == {"request", "figures", "names"}
    assert data["figures"] == json.loads(reference.data)["figures"]
    assert all(named.keys() == {"reference", "kind", "text", "figures"} for named in data["names"])
    assert "tools" not in sent.body
    assert result.content["sentences"] == expected.content["sentences"]


@EACH
def test_what_a_model_says_that_obeys_is_refused_and_nothing_is_called(injection: Injection) -> None:
    with model_stub(**{name: [obeying(injection)] for name in NAMES}) as stub:
        result = summary(analysed(injection.text), stub)
        assert stub.asked == list(NAMES), "each model was asked once, and nothing else was"
    assert (result.content["written_by"], result.content["sentences"]) == ("nobody", [])
    assert {call["outcome"] for call in result.evidence["model_calls"]} <= {"invalid", "malformed"}


@EACH
def test_a_careful_model_still_gets_its_text_into_the_report(injection: Injection) -> None:
    with model_stub(anthropic=[obeying(injection)], openai=[CAREFUL]) as stub:
        result = summary(analysed(injection.text), stub)
    assert (result.content["provider"], len(result.content["sentences"])) == ("openai", 1)
