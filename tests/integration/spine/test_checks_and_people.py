"""Where an agent cannot decide a person does: checks that failed, and approvals that an agent asks for."""

import pytest

from backlog.flow import named_checks
from backlog.models import Project
from backlog.states import ItemState, ProjectStatus
from clarifications.admin import question_page
from clarifications.errors import NotesMissing
from clarifications.models import Question
from events.models import DeadLetter, Event
from tests.flows import answer, completed, dispatch_of, item_of, on_the_log, opened, reply, step, tell
from tests.invariants import violations
from tests.system import run_to_rest

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

CHECKED = step("only", done_when={"checks": ["no_failed_checks"]})
YES, NO = {"approved": True}, {"approved": False, "notes": "The rate is 45."}
BECAUSE = {"approved": True, "notes": "Rounding only."}


def open_question() -> Question:
    """The one open question."""
    return Question.objects.get(status="OPEN")


def with_failed_checks(**evidence: int) -> Project:
    """A project whose only item says of its checks what the evidence says."""
    project = opened(CHECKED)
    tell(completed(dispatch_of(project), **(evidence or {"passed": 3, "failed": 2})))
    return project


def asked_by_its_agent(**item: str) -> Project:
    """A project whose agent wants a person to approve what it is about to do."""
    project = opened(step("only", **item))
    reason = {"reason": "Above the limit.", "agent": "dev_worker"}
    tell(reply(dispatch_of(project), "HUMAN.APPROVAL_REQUESTED", reason))
    return project


# -- checks that failed ----------------------------------------------------------------------------
@pytest.mark.parametrize("evidence", [{"passed": 3, "failed": 2}, {"passed": 0, "failed": 0}])
def test_failed_checks_are_put_to_a_person_and_not_tried_again(evidence: dict[str, int]) -> None:
    project = with_failed_checks(**evidence)
    item = item_of(project)
    assert (item.state, item.held_for, item.attempts, item.failures) == (ItemState.IN_PROGRESS, "approval", 1, 0)
    assert open_question().title == "Accept “Only” although checks failed?"
    assert "check" in open_question().reason
    assert Project.objects.get().status == ProjectStatus.WAITING
    assert violations() == []


@pytest.mark.parametrize(
    ("evidence", "is_met"),
    [({"passed": 3, "failed": 0}, True), ({"passed": 3, "failed": 2}, False), ({"passed": 0, "failed": 0}, False)],
    ids=["passed", "failed", "none made"],
)
def test_who_approves_sees_whether_the_check_is_met(evidence: dict[str, int], is_met: bool) -> None:
    project = opened({**CHECKED, "approval": "after"})
    tell(completed(dispatch_of(project), **evidence))
    assert shown_criteria() == [("Check: no failed checks", is_met)]


def test_who_approves_sees_that_a_check_that_is_gone_is_not_met(monkeypatch: pytest.MonkeyPatch) -> None:
    with_failed_checks()
    monkeypatch.delitem(named_checks.CHECKS, "no_failed_checks")
    assert shown_criteria() == [("Check: no failed checks", False)]


def test_who_approves_a_start_sees_no_criterion_that_is_met_already() -> None:
    opened(step("only", approval="before", done_when={"evidence": {"type": "object"}, "deliverable": "report"}))
    assert [is_met for _, is_met in shown_criteria()] == [False, False]


def shown_criteria() -> list[tuple[str, bool]]:
    """What the page of the open question says of the definition of done."""
    return [(line.words, line.met) for line in question_page.approval_evidence(open_question())["criteria"]]


def test_a_person_accepts_failed_checks_by_a_waiver_with_a_reason() -> None:
    project = with_failed_checks()
    with pytest.raises(NotesMissing):
        answer(open_question(), YES)
    answer(open_question(), BECAUSE)
    run_to_rest()
    assert item_of(project).state == ItemState.DONE
    reviewed = Event.objects.get(type="WORK.ITEM_REVIEWED").payload
    assert (reviewed["outcome"], reviewed["reason"], reviewed["reviewed_by"]) == ("waived", "Rounding only.", "ann")
    assert reviewed["unmet_criteria"] == ["checks failed: 2"]
    assert violations() == []


def test_a_person_sends_failed_checks_back_with_notes() -> None:
    project = with_failed_checks()
    answer(open_question(), NO)
    run_to_rest()
    assert dispatch_of(project)["payload"]["work_context"]["notes"] == ["The rate is 45."]
    tell(completed(dispatch_of(project), passed=5, failed=0))
    assert item_of(project).state == ItemState.DONE
    assert violations() == []


def test_failed_checks_of_work_that_wants_approval_anyway_are_one_question() -> None:
    project = opened({**CHECKED, "approval": "after"})
    tell(completed(dispatch_of(project), passed=1, failed=1))
    answer(open_question(), BECAUSE)
    run_to_rest()
    assert item_of(project).state == ItemState.DONE
    assert Question.objects.count() == 1


# -- approvals that an agent asks for --------------------------------------------------------------
def test_an_agent_that_asks_for_an_approval_waits_for_a_person() -> None:
    project = asked_by_its_agent()
    assert item_of(project).state == ItemState.BLOCKED
    question = open_question()
    assert (question.kind, question.title) == ("approval", "May “Only” go on?")
    assert question.reason == "Above the limit."
    answer(question, YES)
    run_to_rest()
    assert dispatch_of(project)["payload"]["work_context"]["approved"] is True
    tell(completed(dispatch_of(project)))
    assert item_of(project).state == ItemState.DONE
    assert violations() == []


def test_an_agents_question_does_not_take_the_place_of_the_templates_approval() -> None:
    project = asked_by_its_agent(approval="after")
    answer(open_question(), YES)
    run_to_rest()
    tell(completed(dispatch_of(project)))
    assert item_of(project).held_for == "approval"
    assert open_question().title == "Approve the work of “Only”?"


def test_an_agent_that_is_refused_gets_the_notes() -> None:
    project = asked_by_its_agent()
    answer(open_question(), NO)
    run_to_rest()
    context = dispatch_of(project)["payload"]["work_context"]
    assert (context["notes"], context.get("approved")) == (["The rate is 45."], None)


def test_an_agent_that_asks_again_after_the_approval_is_not_asked_for_twice() -> None:
    project = asked_by_its_agent()
    answer(open_question(), YES)
    run_to_rest()
    again = reply(dispatch_of(project), "HUMAN.APPROVAL_REQUESTED", {"reason": "Above the limit."})
    tell(again)
    assert Event.objects.get(event_id=again["event_id"]).outcome == "ignored"
    assert item_of(project).state == ItemState.IN_PROGRESS


def test_an_agent_says_why_it_asks_for_an_approval() -> None:
    project = opened()
    said = {"question_id": str(project.pk), "title": "x", "when": "before"}
    tell(reply(dispatch_of(project), "HUMAN.APPROVAL_REQUESTED", said))
    assert "`reason`" in DeadLetter.objects.get().reason
    assert len(on_the_log("HUMAN.APPROVAL_REQUESTED")) == 1
