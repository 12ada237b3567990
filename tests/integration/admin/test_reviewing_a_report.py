"""Who approves work sees the report itself, what changed since the last review, and who reads the notes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backlog.models import Deliverable, Item, Project
from clarifications.models import Answer, Question, QuestionStatus
from tests.delivered import ROWS, contents, deliver_all, know

pytestmark = pytest.mark.django_db

Opened = Callable[..., Project]


def page(client: Client, question: Question) -> Any:
    """The response of the question's page."""
    return client.get(reverse("admin:clarifications_question_change", args=[question.pk]))


def sent_back(question: Question, notes: str) -> Question:
    """The next revision of an approval that was rejected now with these notes."""
    now = timezone.now()
    Question.objects.filter(pk=question.pk).update(status=QuestionStatus.ANSWERED, closed_at=now)
    Deliverable.objects.filter(project=question.project_id).update(recorded_at=now - timedelta(hours=1))
    given = {"answered_by": "ann", "door": "admin", "answered_at": now, "event_id": question.pk}
    Answer.objects.create(question=question, value={"approved": False, "notes": notes}, **given)
    copied = ("project_id", "field", "kind", "title", "schema", "pointer", "asked_by", "asked_at", "due_at")
    known = {name: getattr(question, name) for name in copied}
    again = Question.objects.create(revision=2, next_step_at=question.next_step_at, **known)
    again.blockings.create(item=Item.objects.get(project=question.project_id))
    return again


def test_the_approver_sees_the_report(staff: Client, waiting_approval: Question) -> None:
    know(waiting_approval.project, currency="EUR")
    deliver_all(waiting_approval.project)
    html = page(staff, waiting_approval).content.decode()
    assert "The report as it is now" in html
    assert "At 45.00\u00a0EUR an hour, this costs 135.00\u00a0EUR a month" in html
    assert reverse("portal:report", args=[waiting_approval.project_id]) in html
    assert "What changed since the last review" not in html


def test_the_approver_sees_what_changed_since_the_last_review(staff: Client, waiting_approval: Question) -> None:
    project = waiting_approval.project
    know(project, currency="EUR")
    deliver_all(project)
    again = sent_back(waiting_approval, "A row is missing.")
    deliver_all(project, contents([*ROWS, ROWS[0]]))
    response = page(staff, again)
    html = response.content.decode()
    changed = {line.label: line.difference for line in response.context["review"].comparison.changed}
    assert changed["Cost a month"] == "+30.00\u00a0EUR"
    assert "Hourly rate" not in changed
    assert "A row is missing." in html
    assert "+30.00\u00a0EUR" in html


def test_a_result_that_came_again_is_said_not_to_have_changed(staff: Client, waiting_approval: Question) -> None:
    deliver_all(waiting_approval.project)
    again = sent_back(waiting_approval, "Please check.")
    deliver_all(waiting_approval.project)
    assert "No figure of the report changed." in page(staff, again).content.decode()


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("requirements_manager", "which takes each of them as a requirement"),
        ("cost_worker", "cannot act on notes"),
        ("their_worker", "It is not part of Interlock"),
    ],
)
def test_the_approver_reads_who_acts_on_the_notes(
    staff: Client, waiting_approval: Question, agent: str, words: str
) -> None:
    Item.objects.filter(project=waiting_approval.project_id).update(agent_target=agent)
    assert words in page(staff, waiting_approval).content.decode()


def test_a_projects_page_shows_its_report_in_short(staff: Client, opened: Opened) -> None:
    project = opened()
    address = reverse("admin:backlog_project_change", args=[project.pk])
    assert "Read the whole report" not in staff.get(address).content.decode()
    deliver_all(project)
    html = staff.get(address).content.decode()
    assert "Read the whole report" in html
    assert "Main findings" in html
