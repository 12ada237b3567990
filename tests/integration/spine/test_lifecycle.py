"""The database, the doors and the batch keep to the lifecycle."""

import logging
from itertools import groupby
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.roles import REQUESTER
from backlog.blueprints import add_version, definition_of
from backlog.consumers import OrchestratorConsumer
from backlog.errors import ItemNotReady
from backlog.flow.orchestration import dispatch_items, project_work
from backlog.models import Item, Project, Template
from backlog.selectors import item_in
from backlog.services import dispatch_item
from backlog.states import ItemState
from clarifications.models import Question
from events.lifecycle import IllegalTransition
from events.models import Event
from events.streams import Entry
from tests.flows import completed, dispatch_of, item_of, on_the_log, opened, reply, request, step, tell, template
from tests.invariants import violations
from tests.system import run_to_rest

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]


def send(item: Item) -> None:
    """What staff do with an item that is not sent by itself."""
    with project_work() as work:
        dispatch_item(work, item_in(work, item.pk))
    run_to_rest()


def test_an_item_that_is_not_sent_by_itself_waits_until_staff_send_it(broker: None) -> None:
    project = opened(step("only", auto_dispatch=False))
    assert (item_of(project).state, item_of(project).attempts) == (ItemState.READY, 0)
    send(item_of(project))
    assert (item_of(project).state, item_of(project).attempts) == (ItemState.IN_PROGRESS, 1)
    assert violations() == []


def test_an_item_that_waits_for_others_cannot_be_sent(broker: None) -> None:
    project = opened(step("first"), step("second", depends_on=["first"]))
    with pytest.raises(ItemNotReady, match="waits for 1 other"):
        send(item_of(project, "second"))
    assert item_of(project, "second").state == ItemState.CREATED
    assert violations() == []


@pytest.mark.parametrize("done", [False, True], ids=["in progress", "done"])
def test_an_item_that_is_not_ready_cannot_be_sent(broker: None, done: bool) -> None:
    project = opened()
    if done:
        tell(completed(dispatch_of(project)))
    with pytest.raises(ItemNotReady, match="only a ready item"):
        send(item_of(project))
    assert len(on_the_log("WORK.ITEM_DISPATCHED")) == 1
    assert violations() == []


def test_a_dispatch_is_one_transition_and_one_event(broker: None) -> None:
    project = opened(step("only", auto_dispatch=False))
    before = Event.objects.count()
    send(item_of(project))
    assert Event.objects.count() == before + 1
    assert Event.objects.order_by("seq").last() == Event.objects.get(type="WORK.ITEM_DISPATCHED")
    assert violations() == []


def test_a_dispatch_has_exactly_the_keys_that_older_workers_read(broker: None) -> None:
    payload = dispatch_of(opened())["payload"]
    assert set(payload) == {"project_id", "backlog_item_id", "item_type", "agent_target", "work_context"}
    assert payload["work_context"]["rows"] == []


def test_an_item_ready_at_last_is_sent_with_what_the_others_delivered(broker: None) -> None:
    project = opened(step("first"), step("second", depends_on=["first"]), step("third", depends_on=["second"]))
    for key in ("first", "second"):
        dispatch = dispatch_of(project, key)
        said = {"type": f"{key}_result", "content": {"of": key}, "timestamp": dispatch["timestamp"], "confidence": 1}
        tell(reply(dispatch, "DELIVERABLE.PUBLISHED", {"deliverable": said}), completed(dispatch))
    delivered = dispatch_of(project, "third")["payload"]["work_context"]["deliverables"]
    assert delivered == {"first_result": {"of": "first"}, "second_result": {"of": "second"}}
    assert violations() == []


@pytest.mark.both
@pytest.mark.parametrize("state", ["DISPATCHED", "", "done"])
def test_the_database_refuses_a_state_that_the_lifecycle_does_not_have(broker: None, state: str) -> None:
    project = opened()
    with pytest.raises(IntegrityError), transaction.atomic():
        Item.objects.filter(project=project).update(state=state)
    with pytest.raises(IntegrityError), transaction.atomic():
        Project.objects.update(status=state)
    assert violations() == []


def test_a_state_cannot_be_assigned(broker: None) -> None:
    item = item_of(opened())
    with pytest.raises(AttributeError):
        item.state = ItemState.DONE
    assert item_of(item.project).state == ItemState.IN_PROGRESS


def send_one_and_finish_the_other(project: Project) -> None:
    """One legal change and one illegal in a single work."""
    with project_work() as work:
        dispatch_items(work, [item_in(work, item_of(project, "other").pk)])
        item_in(work, item_of(project).pk).finish()


@pytest.mark.both
def test_an_illegal_transition_is_logged_and_rolls_the_whole_work_back(
    broker: None, caplog: pytest.LogCaptureFixture
) -> None:
    project = opened(step("only", auto_dispatch=False), step("other", auto_dispatch=False))
    with caplog.at_level(logging.WARNING), pytest.raises(IllegalTransition):
        send_one_and_finish_the_other(project)
    assert f"Item {item_of(project).pk} is READY and cannot become DONE" in caplog.text
    assert "IN_PROGRESS" in caplog.text
    assert {item.state for item in project.items.all()} == {ItemState.READY}
    assert not Event.objects.filter(type="WORK.ITEM_DISPATCHED").exists()
    assert violations() == []


def test_a_project_keeps_the_template_version_it_began_with(broker: None) -> None:
    name = template(step("only"), step("next", depends_on=["only"], done_when={"checks": ["no_failed_checks"]}))
    event = request(name)
    tell(event)
    newer = {"name": name, "title": "Changed", "items": [step("only"), step("next", depends_on=["only"]), step("more")]}
    add_version(newer, by="test")
    definition_of.cache_clear()  # as after a restart
    project = Project.objects.get()
    tell(completed(dispatch_of(project)))
    tell(completed(dispatch_of(project, "next"), failed=1))
    assert item_of(project, "next").held_for == "approval"
    assert list(project.items.values_list("key", flat=True)) == ["only", "next"]
    tell(request(name))
    assert Project.objects.exclude(pk=project.pk).get().items.count() == 3
    assert violations() == []


def test_a_template_that_did_not_change_gets_no_new_version(broker: None) -> None:
    definition = {"name": "same", "title": "Same", "items": [step("only")]}
    assert add_version(definition, by="ann").version == add_version(definition, by="bob").version == 1
    assert add_version(definition | {"title": "Other"}, by="bob").version == 2
    assert Template.objects.filter(name="same").count() == 2


# -- the batch is the only path --------------------------------------------------------------------
def statements(events: list[dict[str, Any]]) -> int:
    """Database statements that one batch with these events costs."""
    entries = [Entry("log", f"{n}-0", {b"event": orjson.dumps(event)}) for n, event in enumerate(events, start=1)]
    with CaptureQueriesContext(connection) as captured:
        verdicts = OrchestratorConsumer().handle(entries)
    assert set(verdicts.values()) == {None}
    return len(whole_statements([query["sql"] for query in captured]))


def whole_statements(made: list[str]) -> list[str]:
    """The statements; SQLite takes few parameters, so there the parts of one bulk write count once."""
    parts = [sql.split("VALUES")[0].split("SELECT")[0] if sql.startswith("INSERT") else sql for sql in made]
    return made if connection.vendor == "postgresql" else [sql for sql, _ in groupby(parts)]


def requests(number: int, name: str) -> list[dict[str, Any]]:
    """So many requests for projects of one template, each of somebody else; half of these have an account."""
    names = [f"requester-{uuid4().hex[:8]}" for _ in range(number)]
    people = User.objects.bulk_create(User(username=each) for each in names[::2])
    Group.objects.get(name=REQUESTER).user_set.add(*people)
    return [request(name, project_id=str(uuid4()), requester=each) for each in names]


@pytest.mark.both
def test_a_batch_costs_the_same_statements_for_five_requests_and_for_fifty(broker: None) -> None:
    needs = {"type": "object", "required": ["rate"], "properties": {"rate": {"type": "number"}}}
    name = template(step("first"), step("second", depends_on=["first"], needs=needs))
    statements(requests(1, name))
    few, many = statements(requests(5, name)), statements(requests(50, name))
    assert few == many < 20
    assert Question.objects.count() == 56
    assert Project.objects.exclude(owner=None).count() == 1 + 3 + 25


@pytest.mark.both
def test_a_batch_costs_the_same_statements_for_five_replies_and_for_fifty(broker: None) -> None:
    name = template(step("first"), step("second", depends_on=["first"]))
    statements(requests(57, name))
    said = [completed(dispatch) for dispatch in on_the_log("WORK.ITEM_DISPATCHED")]
    assert len(said) == 57
    statements(said[:2])
    few, many = statements(said[2:7]), statements(said[7:])
    assert few == many < 20
    assert Item.objects.filter(key="second", state=ItemState.IN_PROGRESS).count() == 57


@pytest.mark.both
def test_a_project_costs_the_same_however_many_there_are_before_it(broker: None) -> None:
    name = template(step("only"))
    statements(requests(1, name))
    first = statements(requests(1, name))
    statements(requests(200, name))
    assert statements(requests(1, name)) == first
