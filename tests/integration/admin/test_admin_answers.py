"""Answering in the admin: the door of staff to a question."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from accounts.models import User
from backlog.models import Item, Project
from clarifications.models import Answer, Question
from events.models import Event

pytestmark = pytest.mark.django_db


def page(question: Question) -> str:
    """The address of the question's page."""
    return reverse("admin:clarifications_question_change", args=[question.pk])


def post(client: Client, question: Question, **data: str) -> tuple[Any, list[str]]:
    """What the page answers to the form, and the messages it leaves."""
    response = client.post(page(question), data)
    return response, [str(message) for message in get_messages(response.wsgi_request)]


def status(question: Question) -> str:
    """The question's status as the database has it now."""
    return str(Question.objects.get(pk=question.pk).status)


def test_the_page_asks_for_a_number_and_says_why_and_for_what(staff: Client, question: Question) -> None:
    html = staff.get(page(question)).content.decode()
    assert '<input type="text" name="answer"' in html
    for words in ("Hourly rate", "everything included?", "For example 45.", "Time at the loan desk", "cost_worker"):
        assert words in html


def test_an_answer_unblocks_what_waited_and_says_what_goes_on(staff: Client, question: Question) -> None:
    response, (words,) = post(staff, question, answer="45.50")
    assert response.url == reverse("admin:clarifications_question_changelist")
    answer = Answer.objects.get(question=question)
    assert (answer.value, answer.answered_by, answer.door) == (45.5, "ann", "admin")
    assert not Item.objects.filter(project=question.project, state="BLOCKED").exists()
    assert words.startswith("“Hourly rate” is answered. Now: Analyse what it costs – ready, once 1 other item is done")


def test_an_answer_that_nothing_else_waits_for_is_dispatched(staff: Client, opened: Callable[..., Project]) -> None:
    question = Question.objects.get(project=opened(request_text="Hi"), field="request_text")
    _, (words,) = post(staff, question, answer="Where is the time lost?")
    assert Event.objects.filter(type="WORK.ITEM_DISPATCHED", project_id=question.project_id).count() == 1
    assert "Collect requirements – in progress" in words


@pytest.mark.parametrize(
    ("text", "words"),
    [("0", "must be more than 0"), ("many", "for example 45 or 45.50"), ("", "required")],
)
def test_a_wrong_answer_is_shown_at_its_field_and_the_question_stays_open(
    staff: Client, question: Question, text: str, words: str
) -> None:
    response, _ = post(staff, question, answer=text)
    html = response.content.decode()
    assert words in html
    assert '<a href="#id_answer">' in html
    assert status(question) == "OPEN"
    assert not Answer.objects.exists()


def test_a_second_answer_is_told_who_won(staff: Client, sign_in: Callable[..., Client], question: Question) -> None:
    post(staff, question, answer="45")
    response, (words,) = post(sign_in("bob", "change_question"), question, answer="60")
    assert response.url == page(question)
    assert "was answered by ann with 45, " in words
    assert words.endswith("; the first answer stands.")
    assert Answer.objects.get().value == 45


def test_a_closed_question_shows_its_answer_and_no_form(staff: Client, question: Question) -> None:
    post(staff, question, answer="45")
    html = staff.get(page(question)).content.decode()
    assert "Answered by ann through admin" in html
    assert 'name="answer"' not in html


def test_who_may_only_look_sees_no_form_and_cannot_answer(viewer: Client, question: Question) -> None:
    html = viewer.get(page(question)).content.decode()
    assert 'name="answer"' not in html
    assert 'name="decline"' not in html
    assert post(viewer, question, answer="45")[0].status_code == 403
    assert status(question) == "OPEN"


def test_who_may_not_even_look_is_refused(sign_in: Callable[..., Client], question: Question) -> None:
    stranger = sign_in("sam")
    assert stranger.get(page(question)).status_code == 403
    assert post(stranger, question, answer="45")[0].status_code == 403
    assert Client().post(page(question), {"answer": "45"}).status_code == 302
    assert status(question) == "OPEN"


def test_a_state_cannot_be_posted(staff: Client, question: Question) -> None:
    post(staff, question, status="WITHDRAWN", title="Changed", _save="Save")
    staff.post(reverse("admin:backlog_item_change", args=[question.blockings.first().item_id]), {"state": "DONE"})
    assert status(question) == "OPEN"
    assert Question.objects.get().title == "Hourly rate"
    assert not Item.objects.filter(state="DONE").exists()


def test_declining_needs_a_reason(staff: Client, question: Question) -> None:
    response, _ = post(staff, question, decline="Decline", **{"decline-reason": " "})
    assert "This field is required." in response.content.decode()
    assert status(question) == "OPEN"


def test_declining_cancels_what_needs_the_answer(staff: Client, question: Question) -> None:
    _, (words,) = post(staff, question, decline="Decline", **{"decline-reason": "Nobody knows."})
    assert status(question) == "DECLINED"
    assert "“Hourly rate” is declined. Now: Analyse what it costs – cancelled" in words
    assert post(staff, question, decline="Decline", **{"decline-reason": "Again."})[1][-1].startswith(
        "“Hourly rate” is closed without an answer"
    )


def test_an_approval_is_given_with_a_button_for_yes(staff: Client, waiting_approval: Question) -> None:
    assert 'type="radio"' in staff.get(page(waiting_approval)).content.decode()
    post(staff, waiting_approval, answer_approved="true")
    assert status(waiting_approval) == "ANSWERED"
    assert Answer.objects.get().value == {"approved": True}
    assert Item.objects.get().state == "IN_PROGRESS"


def test_a_rejection_says_what_to_do_differently(staff: Client, waiting_approval: Question) -> None:
    response, _ = post(staff, waiting_approval, answer_approved="false")
    assert "Say in the notes what should be done differently" in response.content.decode()
    assert status(waiting_approval) == "OPEN"


def test_nobody_approves_what_they_asked_for(sign_in: Callable[..., Client], waiting_approval: Question) -> None:
    rita = sign_in("rita", "change_question")
    Project.objects.update(owner=User.objects.get(username="rita"))
    response, _ = post(rita, waiting_approval, answer_approved="true")
    assert "another person has to approve it" in response.content.decode()
    assert status(waiting_approval) == "OPEN"


def test_an_unknown_question_leads_back_with_a_word(staff: Client) -> None:
    response = staff.get(reverse("admin:clarifications_question_change", args=["nonsense"]), follow=True)
    assert "doesn’t exist" in response.content.decode()
