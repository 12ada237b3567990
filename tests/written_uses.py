"""What each use of language models is given in tests, with a good answer, and one that obeys a hostile text."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.model_stub import ModelStub, Said
from workers.agents import AGENTS
from workers.contract import Result
from workers.errand import Errand, run_errand
from workers.models.breaker import breaker_of

Json = dict[str, Any]
REQUEST = "Staff need a list of open invoices. It must load within 3 seconds."
ROWS: list[Json] = [
    {"text": "check invoice of Anna Schmidt", "category": "Payables", "estimated_minutes": 40},
    {"text": "pay the supplier", "category": "Payables", "estimated_minutes": 80},
    {"text": "close the ledger", "category": "Closing", "estimated_minutes": 60},
    {"text": "reconcile supplier account", "category": "", "estimated_minutes": 30},
    {"text": "reconcile supplier account", "category": "misc.", "estimated_minutes": 30},
    {"text": "sort things", "category": "Other", "estimated_minutes": 10},
]


@dataclass(frozen=True)
class Use:
    """An agent that asks models, with its prompt, and what makes an answer of a text about a hostile text."""

    agent: str
    prompt: str
    listed: str
    good: Json
    with_text: Callable[[str, str], Json]
    data_keys: frozenset[str]


def cluster(text: str, **more: Any) -> Json:
    """A recurring task."""
    return {"fingerprint": text.lower(), "sample_text": text, "texts": [text], "count": 3, "minutes": 60.0, **more}


def context(text: str = "") -> Json:
    """The work context of every use; with a text, that text stands in each row, task and requirement as well."""
    rows = [*ROWS, *([{"text": text, "category": text, "estimated_minutes": 5}] if text else [])]
    rows += [{"text": text, "category": "", "estimated_minutes": 500}] if text else []
    requirements = [{"number": 1, "text": text or "List open invoices within 3 seconds", "source_sentence": "x"}]
    clusters = [cluster(text or "check invoice of Anna Schmidt"), cluster("close the ledger", minutes=20.0)]
    delivered = {"friction_analysis": {"clusters": clusters}, "requirements_analysis": {"requirements": requirements}}
    known = {"rows": rows, "request_text": text or REQUEST, "model_budget_usd": 1.0}
    return {**known, "deliverables": delivered}


TEST = {"requirement": 1, "title": "Open invoices are listed", "steps": ["Open the list"], "expected": "It loads"}
DRAFT = {"requirement": 1, "input": "The invoices", "what_happens": "They are listed", "result": "A list"}
USES = [
    Use(
        "name_writer", "task_names", "names",
        {"names": [{"task": "A", "name": "Checking of invoices"}, {"task": "B", "name": "Closing the ledger"}]},
        lambda obeyed, _text: {"names": [{"task": "A", "name": obeyed[:60]}]},
        frozenset({"tasks"}),
    ),
    Use(
        "category_writer", "row_categories", "placed",
        {"placed": [{"task": "A", "category": "A", "confidence_percent": 95},
                    {"task": "B", "category": "B", "confidence_percent": 30}]},
        lambda obeyed, _text: {"placed": [{"task": "A", "category": obeyed[:4], "confidence_percent": 100}]},
        frozenset({"categories", "tasks"}),
    ),
    Use(
        "requirements_writer", "requirements", "requirements",
        {"requirements": [{"text": "The list loads within 3 seconds", "sentence": "It must load within 3 seconds."}]},
        lambda obeyed, text: {"requirements": [{"text": obeyed.ljust(5, "."), "sentence": text[:1000]}]},
        frozenset({"request"}),
    ),
    Use(
        "test_writer", "test_design", "tests",
        {"tests": [TEST]},
        lambda obeyed, _text: {"tests": [{**TEST, "steps": [obeyed[:200]]}]},
        frozenset({"requirements"}),
    ),
    Use(
        "draft_writer", "development_draft", "steps",
        {"steps": [{**DRAFT, "what_can_go_wrong": "The list is empty"}]},
        lambda obeyed, _text: {"steps": [{**DRAFT, "what_can_go_wrong": obeyed[:300]}]},
        frozenset({"requirements"}),
    ),
]  # fmt: skip


def said(answer: Json, ended: str = "stop") -> Said:
    """The answer as a model gives it."""
    return Said(json.dumps(answer), ended)


def run(use: Use, stub: ModelStub | None, given: Json, **access: Any) -> Result:
    """What the agent makes of the context, with Anthropic's API at the stub."""
    breaker_of.cache_clear()
    names = access.pop("names", ("anthropic",))
    models = stub.access(*names, **access) if stub else None
    module = AGENTS[use.agent].run.__module__
    return run_errand(Errand(use.agent, module, given, models=models), lambda *_: None)
