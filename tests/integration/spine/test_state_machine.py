"""Whatever happens in whatever order, items, questions and ledger are as a model of plain dicts says.

STATE_EXAMPLES=500 asks for the full profile: 500 histories of 50 steps each.
"""

import os
from collections.abc import Callable
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from pytest_django import Settings

from accounts.roles import OPERATOR
from backlog import services
from backlog.consumers import OrchestratorConsumer
from backlog.flow.due import do_what_is_due
from backlog.flow.orchestration import project_work
from backlog.models import Item, Project
from backlog.selectors import load_projects
from clarifications.consumers import ClarificationsConsumer
from clarifications.errors import AlreadyClosed
from clarifications.models import Answer, Question
from events.errors import ConflictingEvent
from events.models import Event
from events.streams import Entry
from tests import plain_model
from tests.callers import account
from tests.flows import answer, completed, envelope, failed, request, step, template
from tests.plain_model import APPROVAL, BUDGET, OVER

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db(transaction=True)]

EXAMPLES, STEPS = int(os.environ.get("STATE_EXAMPLES", "6")), 50
NEEDS = {"type": "object", "required": [BUDGET], "properties": {BUDGET: {"type": "number", "title": "Budget"}}}
PERSON, SELDOM = "robot", st.integers(0, 9).map(lambda n: n == 0)
entry_ids = count(1)


def model_template() -> str:
    """The template that the model has rules for; its name."""
    more = {"a": {"needs": NEEDS}, "b": {"approval": "after"}, "c": {}}
    after, most = plain_model.AFTER, plain_model.MOST_FAILURES
    return template(*(step(key, depends_on=after[key], max_attempts=most[key], **more[key]) for key in after))


class Histories(RuleBasedStateMachine):
    """Projects of one history, in the system and in the model; each step does the same to both."""

    template = ""

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[UUID, plain_model.Project] = {}
        self.delivered: list[dict[str, Any]] = []
        self.claimed: set[str] = set()
        self.superseded: list[dict[str, Any]] = []
        self.consumers = [OrchestratorConsumer(), ClarificationsConsumer()]

    # -- doing ---------------------------------------------------------------------------------------
    def deliver(self, event: dict[str, Any]) -> list[Exception]:
        """Have both groups handle the event; what they refuse."""
        entry = Entry("audit:events", f"{next(entry_ids)}-0", {b"event": orjson.dumps(event)})
        verdicts = [consumer.handle([entry])[entry.entry_id] for consumer in self.consumers]
        self.delivered.append(event)
        self.claimed.add(event["event_id"])
        return [error for error in verdicts if error is not None]

    def accept(self, event: dict[str, Any]) -> None:
        """Have the event handled; nobody refuses it."""
        assert self.deliver(event) == []

    def draw(self, data: st.DataObject, found: list[Any]) -> Any:
        """One of those found."""
        return data.draw(st.sampled_from(found))

    def in_state(self, *states: str, held: bool = False) -> list[tuple[UUID, str]]:
        """The items in these states, as (project, key)."""
        items = ((p, key, item) for p, project in self.model.items() for key, item in project["items"].items())
        return [(p, key) for p, key, item in items if item["state"] in states and item["held"] is held]

    def asked(self, field: str) -> list[UUID]:
        """The projects with an open question about the field."""
        return [p for p, project in self.model.items() if plain_model.open_question(project, field)]

    def going_on(self) -> list[UUID]:
        """The projects that are not over."""
        return [p for p, project in self.model.items() if project["status"] not in OVER]

    def dispatch(self, project: UUID, key: str) -> dict[str, Any]:
        """The item's current dispatch, as an envelope."""
        item = Item.objects.get(project=project, key=key)
        event = Event.objects.get(event_id=item.current_dispatch)
        ids = {"event_id": str(event.event_id), "correlation_id": str(event.correlation_id)}
        return {**ids, "payload": event.payload}

    def by_staff(self, project: UUID, act: Callable[..., Any], key: str = "", **more: Any) -> None:
        """Have staff do something to the project, or to an item of it."""
        with project_work() as work:
            load_projects(work, [project])
            found = work.loaded(Project, project)
            assert found is not None
            act(work, next((i for i in found.members if i.key == key), found), by="ann", **more)

    # -- steps ---------------------------------------------------------------------------------------
    @precondition(lambda self: len(self.model) < 3)
    @rule()
    def open_project(self) -> None:
        event = request(self.template)
        self.accept(event)
        self.model[UUID(event["payload"]["project_id"])] = plain_model.new_project()

    @precondition(lambda self: self.in_state("IN_PROGRESS"))
    @rule(data=st.data())
    def complete(self, data: st.DataObject) -> None:
        project, key = self.draw(data, self.in_state("IN_PROGRESS"))
        self.superseded.append(told := self.dispatch(project, key))
        self.accept(completed(told))
        plain_model.complete(self.model[project], key)

    @precondition(lambda self: self.in_state("IN_PROGRESS"))
    @rule(data=st.data(), retryable=st.booleans())
    def fail(self, data: st.DataObject, retryable: bool) -> None:
        project, key = self.draw(data, self.in_state("IN_PROGRESS"))
        self.superseded.append(told := self.dispatch(project, key))
        self.accept(failed(told, retryable=retryable))
        plain_model.fail(self.model[project], key, retryable=retryable)

    @precondition(lambda self: self.in_state("IN_PROGRESS"))
    @rule(data=st.data())
    def time_out(self, data: st.DataObject) -> None:
        project, key = self.draw(data, self.in_state("IN_PROGRESS"))
        self.superseded.append(self.dispatch(project, key))
        Item.objects.filter(project=project, key=key).update(deadline_at=timezone.now() - timezone.timedelta(seconds=1))
        do_what_is_due()
        plain_model.fail(self.model[project], key, retryable=True)

    @precondition(lambda self: self.asked(BUDGET))
    @rule(data=st.data(), as_event=st.booleans())
    def answer(self, data: st.DataObject, as_event: bool) -> None:
        project = self.draw(data, self.asked(BUDGET))
        question = Question.objects.get(project=project, field=BUDGET, status="OPEN")
        if as_event:
            said = {"question_id": str(question.pk), "answer": 7, "answered_by": PERSON}
            self.accept(envelope("USER.ANSWER_SUBMITTED", {"project_id": str(project), **said}))
        else:
            answer(question, 7)
        plain_model.answer(self.model[project])

    @precondition(lambda self: self.asked(APPROVAL))
    @rule(data=st.data(), approved=st.booleans())
    def decide(self, data: st.DataObject, approved: bool) -> None:
        project = self.draw(data, self.asked(APPROVAL))
        said = {"approved": True} if approved else {"approved": False, "notes": "Again."}
        answer(Question.objects.get(project=project, field=APPROVAL, status="OPEN"), said)
        plain_model.decide(self.model[project], approved=approved)

    @precondition(lambda self: self.in_state("FAILED"))
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        project, key = self.draw(data, self.in_state("FAILED"))
        self.by_staff(project, services.retry_item, key)
        plain_model.retry(self.model[project], key)

    @precondition(lambda self: self.going_on())
    @rule(data=st.data(), seldom=SELDOM)
    def cancel(self, data: st.DataObject, seldom: bool) -> None:
        project = self.draw(data, self.going_on())
        if seldom:
            self.by_staff(project, services.cancel_project, reason="Enough.")
            plain_model.cancel_project(self.model[project])
            return
        items = self.model[project]["items"]
        key = self.draw(data, [key for key, item in items.items() if item["state"] not in ("DONE", "CANCELLED")])
        self.by_staff(project, services.cancel_item, key, reason="Not this.")
        plain_model.cancel_item(self.model[project], key)

    # -- steps that must change nothing --------------------------------------------------------------
    @precondition(lambda self: self.delivered)
    @rule(data=st.data())
    def deliver_again(self, data: st.DataObject) -> None:
        self.accept(self.draw(data, self.delivered))

    @precondition(lambda self: self.superseded)
    @rule(data=st.data())
    def reply_to_what_is_over(self, data: st.DataObject) -> None:
        told = self.draw(data, self.superseded)
        self.accept(self.draw(data, [completed(told), failed(told)]))

    @precondition(lambda self: self.delivered)
    @rule(data=st.data())
    def use_an_id_again(self, data: st.DataObject) -> None:
        event = self.draw(data, self.delivered)
        if event["event_type"] == "WORK.ITEM_COMPLETED":
            other = {**event, "payload": {**event["payload"], "evidence": {"another": str(uuid4())}}}
            entry = Entry("audit:events", f"{next(entry_ids)}-0", {b"event": orjson.dumps(other)})
            assert isinstance(self.consumers[0].handle([entry])[entry.entry_id], ConflictingEvent)

    @precondition(lambda self: Answer.objects.filter(question__project__in=self.model).exists())
    @rule(data=st.data())
    def answer_a_second_time(self, data: st.DataObject) -> None:
        closed = Question.objects.filter(project__in=self.model, status="ANSWERED").order_by("pk")
        with pytest.raises(AlreadyClosed):
            answer(self.draw(data, list(closed)), 8)

    # -- what must be --------------------------------------------------------------------------------
    @invariant()
    def items_and_projects_are_as_the_model_says(self) -> None:
        for project, expected in self.model.items():
            found = Item.objects.filter(project=project)
            items = {i.key: {"state": i.state, "attempts": i.attempts, "failures": i.failures} for i in found}
            held = {i.key: {"held": i.held_for == "approval"} for i in found}
            assert {key: items[key] | held[key] for key in items} == expected["items"]
            assert Project.objects.get(pk=project).status == expected["status"]

    @invariant()
    def questions_are_as_the_model_says(self) -> None:
        for project, expected in self.model.items():
            found = Question.objects.filter(project=project).values_list("field", "revision", "status")
            assert {(field, revision): status for field, revision, status in found} == expected["questions"]

    @invariant()
    def the_ledger_has_what_was_delivered_and_a_dispatch_an_attempt(self) -> None:
        assert Event.objects.filter(event_id__in=self.claimed).count() == len(self.claimed)
        dispatches = Event.objects.filter(project_id__in=self.model, type="WORK.ITEM_DISPATCHED").count()
        assert dispatches == sum(i["attempts"] for p in self.model.values() for i in p["items"].values())


@pytest.mark.timeout(60 * EXAMPLES)
def test_every_history_ends_as_the_model_of_plain_dicts_says(broker: None, settings: Settings) -> None:
    settings.ITEM_RETRY_SECONDS = 0.0
    account(PERSON, OPERATOR)
    Histories.template = model_template()
    run_state_machine_as_test(Histories, settings=PROFILE)  # type: ignore[no-untyped-call]


# A step takes some milliseconds: to make a history that fails shorter takes minutes, and its steps are shown anyhow.
PROFILE = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
