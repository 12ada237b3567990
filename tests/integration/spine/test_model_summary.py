"""An audit for which models are asked: marked prose, grounded figures, cost in ledger and report, within budgets."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from pytest_django import Settings

from accounts.organisations import FIRST_ORGANISATION
from backlog.errors import ForbiddenContext
from backlog.flow import model_budget
from backlog.flow.model_budget import micros
from backlog.flow.model_switch import set_models
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Deliverable, ModelCall, ModelGrant, Project
from backlog.policy import require_own_figures
from backlog.selectors import item_in
from backlog.services import retry_item
from backlog.states import ProjectStatus
from clarifications.models import Question
from environment.model_access import ModelAccess, ModelProvider
from events.models import Event
from reports.building import report_of
from tests.flows import (
    answer,
    completed,
    deliverable,
    dispatch_of,
    item_of,
    opened,
    put,
    reply,
    request,
    step,
    template,
)
from tests.invariants import violations
from tests.model_stub import Said, model_stub
from tests.system import run_to_rest, system
from tests.waiting import wait_until
from workers.agents import AGENTS

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db(transaction=True)]

ROWS = [
    {"text": "Check invoice 4711 of Anna Schmidt", "category": "Payables", "estimated_minutes": 40},
    {"text": "Check invoice 4712 of Anna Schmidt", "category": "Payables", "estimated_minutes": 80},
    {"text": "Close the ledger", "category": "Closing", "estimated_minutes": 60},
    {"text": "sort things", "category": "", "estimated_minutes": 0},
]
KNOWN = {"hourly_rate": 45, "currency": "EUR", "period": {"type": "month"}, "rows": ROWS}
PROSE = ["The data hold 3 hours of work in 4 rows, which cost 135 EUR a month.", "Most time goes to [A]."]
NAMES = {"names": [{"task": "A", "name": "Checking of invoices"}]}
SUMMARY = step("summary", item_type="written_by_model", agent_target="summary_worker")
# An order whose models nobody asks in a test of budgets: no worker runs there.
ORDER = (ModelProvider("anthropic", "claude-haiku-4-5", "http://127.0.0.1:9", "a-key"),)


@pytest.fixture(autouse=True)
def switched_on(db: None) -> None:
    """The first organisation has switched models on."""
    switch()


def switch(*, is_on: bool = True, day_usd: Decimal | None = None, month_usd: Decimal | None = None) -> None:
    """The switch of the first organisation, set so."""
    set_models(FIRST_ORGANISATION, is_on=is_on, day_usd=day_usd, month_usd=month_usd)


def answer_of_model(data: str) -> Said:
    """What a model answers: prose about figures, names for tasks, and a category that it is not sure about."""
    if "categories" in json.loads(data):
        return Said(json.dumps({"placed": [{"task": "A", "category": "A", "confidence_percent": 50}]}))
    return Said(json.dumps({"sentences": PROSE} if "figures" in json.loads(data) else NAMES))


def audited(**changes: Any) -> Project:
    """A project of the template `audit`, done by our own workers."""
    put(request("audit", work_context=KNOWN, **changes))
    with system(tuple(AGENTS)):
        wait_until(lambda: Project.objects.filter(status__in=[ProjectStatus.DONE, ProjectStatus.WAITING]).exists(), 120)
        for question in Question.objects.filter(field="category_of_tasks"):
            [key] = question.schema["properties"]
            answer(question, {key: "Closing"})
        wait_until(lambda: Project.objects.filter(status=ProjectStatus.DONE).exists(), 120)
        wait_until(lambda: not violations())
    return Project.objects.get()


def budget(project: Project, key: str = "summary") -> float:
    """What the current dispatch of the project's item may spend."""
    found = dispatch_of(project, key)["payload"]["work_context"]["model_budget_usd"]
    assert isinstance(found, float)
    return found


def test_an_audit_has_marked_prose_grounded_figures_and_its_cost(broker: None, settings: Settings) -> None:
    with model_stub(anthropic=[answer_of_model]) as stub:
        settings.MODELS = stub.access("anthropic")
        project = audited()
    report = report_of(project)
    assert report is not None
    assert report.executive_summary is not None
    assert report.executive_summary.is_by_model
    assert report.executive_summary.sentences == [PROSE[0], "Most time goes to “Payables”."]
    content = Deliverable.objects.get(project=project, type="row_categories").content
    [task] = content["tasks"]
    assert (task["text"], task["category"], task["put_by"]) == ("sort things", "Closing", "person")
    assert [task.name_by_model for task in report.recurring] == ["Checking of invoices"]
    assert "Schmidt" not in "".join(request.data for request in stub.requests)
    payloads = [event.payload for event in Event.objects.filter(type="WORK.ITEM_COMPLETED")]
    calls = [call for payload in payloads for call in payload["evidence"].get("model_calls", [])]
    (call,) = [call for call in calls if call["prompt"] == "executive_summary"]
    assert (call["model"], call["outcome"], call["prompt_version"]) == ("claude-haiku-4-5", "answered", 1)
    assert (call["input_tokens"], call["output_tokens"], call["cost_usd"]) == (1000, 100, 0.0015)
    assert report.executive_summary.cost_usd == 0.0015
    assert sorted(ModelGrant.objects.values_list("spent", flat=True)) == [1_500, 1_500, 1_500]
    assert sorted(ModelCall.objects.values_list("use", "provider", "model", "spent")) == [
        ("executive_summary", "anthropic", "claude-haiku-4-5", 1_500),
        ("row_categories", "anthropic", "claude-haiku-4-5", 1_500),
        ("task_names", "anthropic", "claude-haiku-4-5", 1_500),
    ]


def test_in_test_mode_the_audit_says_that_no_model_was_asked(broker: None, settings: Settings) -> None:
    settings.MODELS = ModelAccess(test_mode=True)
    project = audited()
    content = Deliverable.objects.get(project=project, type="executive_summary").content
    assert (content["written_by"], content["reason"], content["cost_usd"]) == ("nobody", "test_mode", 0)
    assert not ModelGrant.objects.exists()


def test_without_a_model_a_project_has_no_such_item_unless_another_one_needs_it(
    broker: None, settings: Settings
) -> None:
    plain = opened(step("first"), SUMMARY)
    assert list(plain.items.values_list("key", flat=True)) == ["first"]
    assert "model_budget_usd" not in dispatch_of(plain, "first")["payload"]["work_context"]
    needing = opened(SUMMARY, step("last", depends_on=["summary"]))
    assert list(needing.items.values_list("key", flat=True)) == ["summary", "last"]
    assert budget(needing) == 0
    assert list(opened(SUMMARY).items.values_list("key", flat=True)) == ["summary"]
    settings.MODELS = ModelAccess(order=ORDER)
    assert list(opened(step("first"), SUMMARY).items.values_list("key", flat=True)) == ["first", "summary"]


def test_an_organisation_that_has_not_switched_models_on_has_no_such_item(broker: None, settings: Settings) -> None:
    settings.MODELS = ModelAccess(order=ORDER)
    switch(is_on=False)
    follows = step("placing", item_type="follows_model", depends_on=["summary"])
    assert list(opened(step("first"), SUMMARY, follows).items.values_list("key", flat=True)) == ["first"]
    switch()
    later = opened(step("first"), SUMMARY | {"depends_on": ["first"]}, follows)
    assert later.items.count() == 3
    switch(is_on=False)
    put(reply(dispatch := dispatch_of(later, "first"), "DELIVERABLE.PUBLISHED", deliverable()), completed(dispatch))
    run_to_rest()
    assert "model_budget_usd" not in dispatch_of(later, "summary")["payload"]["work_context"], "no model may be asked"


def test_what_is_left_of_a_project_is_shared_by_the_items_that_still_wait(broker: None, settings: Settings) -> None:
    settings.MODELS = ModelAccess(order=ORDER, project_usd=Decimal("0.3"))
    second = step("second", item_type="written_by_model", agent_target="summary_worker")
    third = SUMMARY | {"key": "third", "depends_on": ["summary"]}
    project = opened(SUMMARY, second, third)
    assert [budget(project), budget(project, "second")] == [0.1, 0.1]
    dispatch = dispatch_of(project, "summary")
    put(reply(dispatch, "DELIVERABLE.PUBLISHED", deliverable()), completed(dispatch, model_calls=[{"cost_usd": 0.01}]))
    run_to_rest()
    assert budget(project, "third") == 0.19


def test_an_organisation_has_budgets_of_its_own_below_those_of_the_installation(
    broker: None, settings: Settings
) -> None:
    settings.MODELS = ModelAccess(order=ORDER, project_usd=Decimal("0.25"))
    switch(day_usd=Decimal("0.3"))
    assert [budget(opened(SUMMARY)) for _ in range(2)] == [0.25, 0.05]
    ModelGrant.objects.all().delete()
    switch(month_usd=Decimal("0.4"))
    assert [budget(opened(SUMMARY)) for _ in range(2)] == [0.25, 0.15]
    settings.MODELS = ModelAccess(order=ORDER, project_usd=Decimal("0.25"), organisation_usd=Decimal("0.41"))
    assert budget(opened(SUMMARY)) == 0, "the lower one of both holds"


def test_a_budget_counts_as_spent_until_the_worker_says_what_it_spent(broker: None, settings: Settings) -> None:
    settings.MODELS = ModelAccess(order=ORDER, project_usd=Decimal("0.25"))
    project = opened(SUMMARY | {"max_attempts": 9}, step("last", depends_on=["summary"]))
    assert budget(project) == 0.25
    put(reply(dispatch_of(project, "summary"), "WORK.ITEM_FAILED", {"reason": "killed", "retryable": False}))
    run_to_rest()
    with project_work() as work:
        retry_item(work, item_in(work, item_of(project, "summary").pk), by="ann")
    assert budget(project) == 0, "nobody knows what the first try has spent"


@pytest.mark.parametrize(
    ("calls", "spent"),
    [
        ([{"cost_usd": 0.1}, {"cost_usd": 0.0000001}], 100_001),
        ([], 0),
        *(
            ([{"cost_usd": 0.1}, call], None)
            for call in ({"cost_usd": -5}, {"cost_usd": True}, {"cost_usd": "1"}, {"cost_usd": 1e15}, "x")
        ),
        ("none", None),
    ],
)
def test_what_was_spent_is_what_the_worker_says_if_it_can_be_read(
    broker: None, settings: Settings, calls: Any, spent: int | None
) -> None:
    settings.MODELS = ModelAccess(order=ORDER)
    project = opened(SUMMARY)
    dispatch = dispatch_of(project, "summary")
    put(reply(dispatch, "DELIVERABLE.PUBLISHED", deliverable()), completed(dispatch, model_calls=calls))
    run_to_rest()
    assert ModelGrant.objects.get().spent == spent


def test_the_budgets_of_an_organisation_and_of_a_day_are_shared(broker: None, settings: Settings) -> None:
    limits = {"project_usd": Decimal("0.25"), "organisation_usd": Decimal("0.6"), "day_usd": Decimal("0.4")}
    settings.MODELS = ModelAccess(order=ORDER, **limits)
    assert [budget(opened(SUMMARY)) for _ in range(3)] == [0.25, 0.15, 0]
    ModelGrant.objects.update(day="2020-01-31")
    assert budget(opened(SUMMARY)) == 0.25, "another day, another month"
    ModelGrant.objects.filter(day="2020-01-31").delete()
    settings.MODELS = ModelAccess(order=ORDER, **limits | {"day_usd": Decimal(9)})
    assert [budget(opened(SUMMARY)) for _ in range(3)] == [0.25, 0.1, 0]
    assert set(ModelGrant.objects.values_list("organisation_id", flat=True)) == {FIRST_ORGANISATION}


def test_two_processes_do_not_grant_the_same_money(
    broker: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MODELS = ModelAccess(order=ORDER, day_usd=Decimal("0.25"))
    read = model_budget.Left.__init__

    def slow(self: model_budget.Left, *arguments: Any) -> None:
        read(self, *arguments)
        time.sleep(0.3)

    monkeypatch.setattr(model_budget.Left, "__init__", slow)
    template_request = [request_of_summary() for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(open_directly, template_request))
    assert sum(ModelGrant.objects.values_list("granted", flat=True)) == micros(Decimal("0.25"))
    assert Project.objects.count() == 3


def request_of_summary() -> dict[str, Any]:
    """The payload of a request whose only item a model may be asked for."""
    payload: dict[str, Any] = request(template(SUMMARY))["payload"]
    return payload


def open_directly(payload: Any) -> None:
    """Open the project in a transaction of this thread."""
    try:
        with project_work() as work:
            submit_request(work, request=payload)
    finally:
        connections.close_all()


def test_nobody_may_grant_a_budget_with_a_request() -> None:
    with pytest.raises(ForbiddenContext, match="model_budget_usd"):
        require_own_figures({"model_budget_usd": 1000})
