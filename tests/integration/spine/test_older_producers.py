"""Producers written for an older contract are understood; what they wrote is kept, and what is unknown is refused."""

from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import pytest
from django.conf import settings

from backlog.models import Project
from backlog.states import ItemState
from clarifications.models import Question
from events import streams
from events.models import DeadLetter, Event
from tests.flows import completed, deliverable, dispatch_of, envelope, item_of, opened, reply, tell
from tests.invariants import violations
from tests.system import run_to_rest

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]


def older_request(**payload: Any) -> dict[str, Any]:
    """A request with this payload alone, beside its id and text."""
    return envelope("PROJECT.INITIAL_REQUEST_RECEIVED", {"project_id": str(uuid4()), "request_text": "x"} | payload)


def the_reason() -> str:
    """Why the one dead letter was buried."""
    return DeadLetter.objects.get().reason


def test_an_id_that_is_no_uuid_becomes_the_uuid5_of_its_text_and_is_kept() -> None:
    tell(older_request(project_id="idem-17"))
    project = Project.objects.get()
    assert project.pk == uuid5(NAMESPACE_URL, "idem-17")
    said = Event.objects.get(type="PROJECT.INITIAL_REQUEST_RECEIVED").payload
    assert said["as_sent"] == {"project_id": "idem-17"}


def test_the_same_text_names_the_same_project_in_every_event() -> None:
    tell(older_request(project_id="p1"), older_request(project_id="p1"))
    assert Project.objects.count() == 1
    assert "open already" in the_reason()


def test_a_uuid_in_another_spelling_is_that_uuid() -> None:
    known = uuid4()
    tell(older_request(project_id=known.hex))
    assert Project.objects.get().pk == known


@pytest.mark.parametrize("key", ["event_id", "correlation_id", "causation_id"])
def test_ids_of_the_envelope_are_read_alike(key: str) -> None:
    tell(older_request() | {key: "smk-1"})
    said = Event.objects.get(type="PROJECT.INITIAL_REQUEST_RECEIVED")
    assert getattr(said, key) == uuid5(NAMESPACE_URL, "smk-1")
    assert said.payload["as_sent"] == {key: "smk-1"}


def test_a_requester_with_a_name_and_constraints_open_a_project() -> None:
    tell(older_request(requester={"name": "Simon"}, constraints={"language": "fr"}))
    project = Project.objects.select_related("context").get()
    assert project.requester == "Simon"
    assert project.context.data["constraints"] == {"language": "fr"}


def test_an_empty_request_text_is_accepted_and_asked_about() -> None:
    tell(older_request(request_text=""))
    assert "request_text" in Question.objects.values_list("field", flat=True)


def test_null_in_an_optional_key_says_nothing() -> None:
    nothing = dict.fromkeys(["title", "template", "work_context", "requester"])
    tell(older_request(**nothing))
    assert Project.objects.count() == 1


def test_a_completed_item_may_say_once_more_that_it_is_done() -> None:
    project = opened()
    tell(reply(dispatch_of(project), "WORK.ITEM_COMPLETED", {"status": "DONE", "evidence": {"tests_passed": True}}))
    assert item_of(project).state == ItemState.DONE
    assert violations() == []


def test_a_completed_item_that_says_otherwise_is_refused() -> None:
    project = opened()
    tell(reply(dispatch_of(project), "WORK.ITEM_COMPLETED", {"status": "BLOCKED", "evidence": {}}))
    assert item_of(project).state == ItemState.IN_PROGRESS
    assert "status" in the_reason()


def test_a_failure_inside_an_object_is_read() -> None:
    project = opened()
    failure = {"category": "DATA_INSUFFICIENCY", "reason": "missing evidence"}
    tell(reply(dispatch_of(project), "WORK.ITEM_FAILED", {"failure": failure}))
    assert (item_of(project).failures, item_of(project).reason) == (1, "missing evidence")


def test_a_worker_that_asks_with_a_question_id_of_its_own_asks_a_person() -> None:
    project = opened()
    tell(reply(dispatch_of(project), "CLARIFICATION.NEEDED", {"question_id": str(uuid4())}))
    assert item_of(project).state == ItemState.BLOCKED
    assert Question.objects.get().field == "clarification"


def test_without_a_reason_and_without_a_question_a_worker_is_told_what_is_missing() -> None:
    project = opened()
    tell(reply(dispatch_of(project), "CLARIFICATION.NEEDED"))
    assert "reason" in the_reason()


def test_a_deliverable_may_hold_null_where_it_need_not_say_anything() -> None:
    project = opened()
    about = {"agent": None, "project_id": None, "backlog_item_id": None}
    made = deliverable()
    made["deliverable"] |= about
    dispatch = dispatch_of(project)
    tell(reply(dispatch, "DELIVERABLE.PUBLISHED", made), completed(dispatch))
    assert item_of(project).delivered == ["result"]


@pytest.mark.parametrize(
    ("event_type", "payload"),
    [
        ("BACKLOG.ITEM_CREATED", {"backlog_item": {"id": str(uuid4()), "title": "x", "status": "READY"}}),
        ("REPORT.FINAL_PUBLISHED", {"report": {"title": "x"}}),
        ("WORK.ITEM_REVIEWED", {"backlog_item_id": str(uuid4()), "review": {"result": "needs_changes"}}),
    ],
)
def test_what_interlock_alone_emits_is_refused_in_plain_words(event_type: str, payload: dict[str, Any]) -> None:
    tell(envelope(event_type, {"project_id": str(uuid4())} | payload))
    assert the_reason().startswith(f"Only Interlock emits {event_type}")


def test_an_unknown_type_is_named_with_those_that_are_spelled_alike() -> None:
    tell(envelope("WORK.ITEM_COMPLETE", {"project_id": str(uuid4())}))
    assert "Did you mean WORK.ITEM_COMPLETED" in the_reason()


def test_an_entry_without_an_event_is_told_which_field_is_missing() -> None:
    streams.client().xadd(settings.STREAM_NAME, {"data": b"{}", "kind": b"x"})
    run_to_rest()
    assert the_reason() == (
        "The entry has no field `event`, which holds the envelope as JSON. Its fields: `data`, `kind`."
    )


@pytest.mark.parametrize("value", ["Details provided", 45, {"a": 1}, [1], True])
def test_a_field_that_nobody_described_takes_any_value(value: Any) -> None:
    project = opened()
    dispatch = dispatch_of(project)
    tell(reply(dispatch, "CLARIFICATION.NEEDED", {"reason": "Which?", "missing_fields": ["budget"]}))
    about = {"project_id": str(project.pk), "question_id": str(Question.objects.get().pk)}
    tell(envelope("USER.ANSWER_SUBMITTED", about | {"answer": value}))
    assert dispatch_of(project)["payload"]["work_context"]["budget"] == value
    assert violations() == []
