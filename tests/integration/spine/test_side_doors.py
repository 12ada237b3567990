"""What the front door refuses no side door allows: waivers, replays, keys, events, late deliverables."""

from typing import Any
from uuid import uuid4

import orjson
import pytest
from pytest_django import Settings

from accounts import keys
from accounts.models import User
from accounts.roles import ANSWERER, OPERATOR, REQUESTER
from backlog.errors import ApprovalOpen, OwnWork, PersonNeeded
from backlog.flow.orchestration import project_work
from backlog.models import Deliverable, Item, Project
from backlog.policy import normalized_name
from backlog.selectors import item_in, latest_deliverables, projects_for
from backlog.services import waive_criteria
from backlog.states import ItemState
from clarifications.models import Question
from events import deadletters
from events.models import DeadLetter, Event
from tests.callers import Caller, account
from tests.flows import completed, deliverable, dispatch_of, envelope, item_of, opened, put, reply, request, step, tell
from tests.invariants import violations
from tests.system import run_to_rest

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

CHECKED = step("only", done_when={"deliverable": "report"}, max_attempts=1)


def key_of(user: User, *scopes: str) -> Caller:
    """The account's key, with these scopes."""
    text = keys.make_key(user, name="k", scopes=list(scopes), lifetime=None)[1]
    return Caller(user, authorization=f"Bearer {text}")


def held(**changes: Any) -> Project:
    """A project whose finished work waits for its approval."""
    project = opened(step("only", approval="after"), **changes)
    tell(completed(dispatch_of(project)))
    return project


def waive(project: Project, by: str) -> None:
    """Set the definition of done of its only item aside."""
    with project_work() as work:
        waive_criteria(work, item_in(work, item_of(project).pk), reason="Fine.", by=by)


def unmet(**changes: Any) -> Project:
    """A project whose only item was finished without what it has to deliver, and failed."""
    project = opened(CHECKED, **changes)
    tell(completed(dispatch_of(project)))
    Item.objects.filter(project=project).update(deadline_at="2020-01-01T00:00:00Z")
    from backlog.flow.due import do_what_is_due

    do_what_is_due()
    assert item_of(project).state == ItemState.FAILED
    return project


# -- waivers ---------------------------------------------------------------------------------------
def test_a_waiver_is_no_approval() -> None:
    project = held()
    with pytest.raises(ApprovalOpen):
        waive(project, "ann")
    assert item_of(project).state == ItemState.IN_PROGRESS
    assert violations() == []


@pytest.mark.parametrize("by", ["olga", "OLGA", " Olga ", "foreign_worker"])
def test_nobody_waives_what_they_asked_for_or_did(by: str) -> None:
    project = unmet(requester="olga")
    with pytest.raises(OwnWork):
        waive(project, by)


def test_a_machine_waives_nothing() -> None:
    account("bot", OPERATOR, is_service=True)
    with pytest.raises(PersonNeeded):
        waive(unmet(), "bot")


def test_who_asked_waives_nothing_after_they_were_renamed() -> None:
    olga = account("olga", OPERATOR)
    project = unmet(requester="olga")
    User.objects.filter(pk=olga.pk).update(username="olga.new")
    with pytest.raises(OwnWork):
        waive(project, "olga.new")


def test_who_did_the_work_by_a_key_neither_approves_nor_waives_it() -> None:
    olga = account("olga", OPERATOR)
    project = opened(step("only", approval="after"))
    worker = key_of(olga, "work:foreign_worker")
    lease = worker.post("work/lease", {"agent": "foreign_worker", "seconds": 60}).json()["items"][0]["lease"]
    assert worker.post(f"work/{lease}/complete", {"evidence": {}}).status_code == 200
    question = Question.objects.get(project=project)
    person = Caller(olga)
    person.client.force_login(olga)
    answer = person.post(f"approvals/{question.pk}/approve", {})
    assert (answer.status_code, answer.json()["type"].rsplit(":", 1)[-1]) == (403, "own-approval")


# -- keys ------------------------------------------------------------------------------------------
def test_a_persons_key_approves_nothing() -> None:
    project = held()
    caller = key_of(account("olga", OPERATOR), "read", "questions", "items")
    question = Question.objects.get(project=project)
    assert caller.post(f"approvals/{question.pk}/approve", {}).status_code == 403
    assert caller.post(f"questions/{question.pk}/answer", {"answer": {"approved": True}}).status_code in (403, 404)
    assert item_of(project).state == ItemState.IN_PROGRESS


# -- edited replays --------------------------------------------------------------------------------
def buried(**changes: Any) -> DeadLetter:
    """A dead letter of a request whose template does not exist."""
    put(request("nowhere", **changes))
    run_to_rest()
    return DeadLetter.objects.get()


def edited(letter: DeadLetter, **payload: Any) -> bytes:
    """The letter's event with these changes in its payload, and a new id."""
    event = orjson.loads(letter.fields[b"event"])
    return orjson.dumps(
        {**event, "event_id": str(uuid4()), "payload": {**event["payload"], "template": "minimal", **payload}}
    )


def test_a_correction_that_mends_how_a_thing_was_said_is_replayed() -> None:
    letter = buried(requester="rita")
    deadletters.replay(letter, by="ann", event=edited(letter))
    run_to_rest()
    assert Project.objects.get().requester == "rita"


@pytest.mark.parametrize("changes", [{"requester": "remy"}, {"project_id": str(uuid4())}])
def test_a_correction_speaks_for_nobody_else(changes: dict[str, str]) -> None:
    letter = buried(requester="rita")
    with pytest.raises(deadletters.OtherSender):
        deadletters.replay(letter, by="ann", event=edited(letter, **changes))
    assert DeadLetter.objects.get().state == "open"


def test_a_dead_letter_is_not_replaced_by_an_approval_in_anothers_name() -> None:
    project, letter = held(requester="olga"), buried()
    said = {"project_id": str(project.pk), "backlog_item_id": str(item_of(project).pk), "approved": True}
    approval = envelope("HUMAN.APPROVAL_SUBMITTED", {**said, "submitted_by": "amy"})
    with pytest.raises(deadletters.OtherSender):
        deadletters.replay(letter, by="olga", event=orjson.dumps(approval))


def test_an_entry_that_cannot_be_read_is_not_replaced_by_a_request_in_anothers_name() -> None:
    put(b"nonsense")
    run_to_rest()
    with pytest.raises(deadletters.OtherSender):
        deadletters.replay(DeadLetter.objects.get(), by="ann", event=orjson.dumps(request(requester="remy")))


def test_who_wrote_a_workers_reply_into_a_dead_letter_does_not_approve_that_work() -> None:
    olga = account("olga", OPERATOR)
    project = opened(step("only", approval="after"))
    reply_of_hers = completed(dispatch_of(project))
    put(b"nonsense")
    run_to_rest()
    deadletters.replay(DeadLetter.objects.get(), by="olga", event=orjson.dumps(reply_of_hers))
    run_to_rest()
    person = Caller(olga)
    person.client.force_login(olga)
    assert person.post(f"approvals/{Question.objects.get().pk}/approve", {}).status_code == 403
    with pytest.raises(ApprovalOpen):
        waive(project, "olga")
    assert item_of(project).state == ItemState.IN_PROGRESS


def test_nobody_corrects_a_reply_about_the_work_of_another_account() -> None:
    bob = account("bob", OPERATOR)
    project = opened(step("only", approval="after"))
    worker = key_of(bob, "work:foreign_worker")
    lease = worker.post("work/lease", {"agent": "foreign_worker", "seconds": 60}).json()["items"][0]["lease"]
    worker.post(f"work/{lease}/progress", {"done": 1, "total": 2})
    account("olga", OPERATOR)
    reply_of_hers = completed(dispatch_of(project))
    put(b"nonsense")
    run_to_rest()
    letter = DeadLetter.objects.get()
    with pytest.raises(deadletters.OtherSender, match="Another account did this work"):
        deadletters.replay(letter, by="olga", event=orjson.dumps(reply_of_hers))
    assert (DeadLetter.objects.get().state, item_of(project).done_by) == ("open", bob)


# -- the event door --------------------------------------------------------------------------------
def approval(project: Project, **said: Any) -> dict[str, Any]:
    """HUMAN.APPROVAL_SUBMITTED for its only item."""
    about = {"project_id": str(project.pk), "backlog_item_id": str(item_of(project).pk), "approved": True}
    return envelope("HUMAN.APPROVAL_SUBMITTED", {**about, **said})


def test_an_approval_by_event_counts_from_nobody_unless_a_setting_names_the_producer() -> None:
    account("amy", ANSWERER)
    project = held()
    tell(approval(project, submitted_by="amy"))
    assert item_of(project).state == ItemState.IN_PROGRESS
    assert "EVENT_APPROVERS" in DeadLetter.objects.get().reason


@pytest.mark.parametrize("by", ["nobody", "bot", "rob", "left", "Olga", "olga"])
def test_an_approval_by_event_asks_what_the_front_door_asks(settings: Settings, by: str) -> None:
    settings.EVENT_APPROVERS = ["elsewhere"]
    account("bot", OPERATOR, is_service=True)
    account("rob", REQUESTER)
    account("left", ANSWERER, is_active=False)
    account("olga", OPERATOR)
    project = held(requester="olga")
    tell(approval(project, submitted_by=by))
    assert item_of(project).state == ItemState.IN_PROGRESS
    assert DeadLetter.objects.count() == 1


def test_an_answer_by_event_in_the_name_of_one_who_may_not_answer_is_refused() -> None:
    account("rob", REQUESTER)
    project = opened()
    tell(reply(dispatch_of(project), "CLARIFICATION.NEEDED", {"reason": "Which?"}))
    about = {"project_id": str(project.pk), "question_id": str(Question.objects.get().pk), "answer": "This."}
    for by in ("rob", "nobody"):
        tell(envelope("USER.ANSWER_SUBMITTED", {**about, "answered_by": by}))
    assert item_of(project).state == ItemState.BLOCKED
    assert {letter.error_class for letter in DeadLetter.objects.all()} == {"NotEntitled"}
    tell(envelope("USER.ANSWER_SUBMITTED", about))
    assert item_of(project).state == ItemState.IN_PROGRESS


# -- whose a project is ----------------------------------------------------------------------------
def test_a_new_account_under_an_old_name_gets_nothing_and_the_renamed_one_keeps_all() -> None:
    rita = account("rita", REQUESTER)
    project = opened(requester="rita")
    User.objects.filter(pk=rita.pk).update(username="rita.old")
    impostor = account("rita", REQUESTER)
    assert list(projects_for(User.objects.get(pk=rita.pk))) == [project]
    assert list(projects_for(impostor)) == []


def test_a_name_without_an_account_gives_nobody_a_right_later() -> None:
    opened(requester="remy")
    assert list(projects_for(account("remy", REQUESTER))) == []
    assert Project.objects.get().requester == "remy"


def test_names_are_compared_without_case_blanks_and_composition() -> None:
    assert normalized_name(" Ann\u0065\u0301 ") == normalized_name("ann\u00e9")


# -- what was decided stays ------------------------------------------------------------------------
def test_what_waits_for_approval_is_not_replaced() -> None:
    project = opened(step("only", approval="after"))
    dispatch = dispatch_of(project)
    tell(reply(dispatch, "DELIVERABLE.PUBLISHED", deliverable("result", total=1)), completed(dispatch))
    late = reply(dispatch, "DELIVERABLE.PUBLISHED", deliverable("result", total=2))
    tell(late)
    assert latest_deliverables(project.pk)["result"].content == {"total": 1}
    assert Event.objects.get(event_id=late["event_id"]).outcome == "stale"


def test_what_is_done_is_not_replaced_and_no_other_item_replaces_it() -> None:
    project = opened(step("only"), step("next", depends_on=["only"]))
    first = dispatch_of(project)
    tell(reply(first, "DELIVERABLE.PUBLISHED", deliverable("cost", total=1)), completed(first))
    tell(reply(first, "DELIVERABLE.PUBLISHED", deliverable("cost", total=2)))
    second = dispatch_of(project, "next")
    tell(reply(second, "DELIVERABLE.PUBLISHED", deliverable("other", total=3)), completed(second))
    tell(reply(second, "DELIVERABLE.PUBLISHED", deliverable("cost", total=4)))
    assert latest_deliverables(project.pk)["cost"].content == {"total": 1}
    assert Deliverable.objects.count() == 2
    assert violations() == []


def test_the_databases_clock_says_which_deliverable_is_the_newest() -> None:
    project = opened()
    dispatch = dispatch_of(project)
    ahead = reply(dispatch, "DELIVERABLE.PUBLISHED", deliverable("result", total=1), timestamp="2099-01-01T00:00:00Z")
    tell(ahead)
    tell(reply(dispatch, "DELIVERABLE.PUBLISHED", deliverable("result", total=2)))
    assert latest_deliverables(project.pk)["result"].content == {"total": 2}


# -- references ------------------------------------------------------------------------------------
BROUGHT = [
    {"deliverables": {"friction_analysis": {"avoidable_percent": 100}}},
    {"deliverables_ref": {"id": "a" * 64, "sha256": "a" * 64, "rows": 1, "media_type": "application/json+gzip"}},
    {"rows_ref": {"id": "a" * 64, "sha256": "a" * 64, "rows": 1, "media_type": "application/x-ndjson+gzip"}},
    {"readings": {"doubts": [], "rows": {"": {"rows": [{"text": "Nothing", "estimated_minutes": 0}]}}}},
    {"reading": {"duration_unit": "s"}},
    {"notes": ["Approve this."]},
    {"approved": True},
]


@pytest.mark.parametrize("brought", BROUGHT, ids=lambda brought: next(iter(brought)))
def test_a_request_brings_no_part_of_a_context_that_interlock_adds(brought: dict[str, Any]) -> None:
    put(request("minimal", work_context=brought))
    run_to_rest()
    assert DeadLetter.objects.get().error_class == "ForbiddenContext"
    asked = {"title": "x", "request_text": "Where does our time go?", "work_context": brought}
    assert key_of(account("bot", OPERATOR, is_service=True), "projects").post("projects", asked).status_code == 422
    assert Project.objects.count() == 0


@pytest.mark.parametrize(
    "pointer", ["/deliverables/friction_analysis", "/rows_ref", "/reading/duration_unit", "/notes", "/a" * 6]
)
def test_no_worker_has_a_person_put_an_answer_there_either(pointer: str) -> None:
    project = opened()
    fields = {"harmless": {"type": "object", "x_pointer": pointer}}
    tell(reply(dispatch_of(project), "CLARIFICATION.NEEDED", {"reason": "Which?", "fields": fields}))
    assert Question.objects.count() == 0
    assert DeadLetter.objects.get().error_class == "InvalidEvent"


def test_an_approval_that_comes_dressed_as_an_answer_asks_the_same() -> None:
    account("amy", ANSWERER)
    project = held(requester="olga")
    question = Question.objects.get(project=project)
    about = {"project_id": str(project.pk), "question_id": str(question.pk), "answer": {"approved": True}}
    for said in ({}, {"answered_by": "amy"}):
        tell(envelope("USER.ANSWER_SUBMITTED", {**about, **said}))
    assert item_of(project).state == ItemState.IN_PROGRESS
    assert [letter.error_class for letter in DeadLetter.objects.all()] == ["NotEntitled"] * 2
