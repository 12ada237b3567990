"""Answering a question about one's own request."""

from collections.abc import Callable

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.roles import ANSWERER
from backlog.models import Project
from clarifications.models import Answer, Question
from portal.question_page import QuestionPage
from tests.callers import account
from tests.flows import answer, step, template

pytestmark = pytest.mark.django_db

Opened = Callable[..., Project]


def page(question: Question) -> str:
    """The question's address."""
    return reverse("portal:question", args=[question.pk])


def test_an_answer_is_accepted_under_the_persons_name(rita: Client, question: Question) -> None:
    response = rita.post(page(question), {"answer": "45.5"})
    given = Answer.objects.get(question=question)
    assert response.url == reverse("portal:project", args=[question.project_id])
    assert (given.value, given.answered_by, given.door) == (45.5, "rita", "web")
    assert "your answer to “Hourly rate” is saved" in str(next(iter(get_messages(response.wsgi_request))))


def test_an_answer_that_does_not_fit_is_refused_at_its_field_and_kept(rita: Client, question: Question) -> None:
    for value in ("0", "many"):
        response = rita.post(page(question), {"answer": value})
        html = response.content.decode()
        assert response.context["form"].errors["answer"]
        assert f'value="{value}"' in html
        assert 'aria-describedby="id_answer_helptext id_answer_error"' in html
        assert 'role="alert" tabindex="-1" autofocus' in html
    assert not Answer.objects.exists()


def test_who_comes_too_late_reads_who_answered_with_what_and_keeps_what_they_typed(
    rita: Client, question: Question
) -> None:
    answer(question, 60, by="ann")
    response = rita.post(page(question), {"answer": "45"})
    html = response.content.decode()
    assert response.status_code == 409
    assert "ann answered" in html
    assert "<strong>60</strong>" in html
    assert "<dd>45</dd>" in html
    assert Answer.objects.get(question=question).value == 60


def test_who_is_overtaken_while_sending_reads_the_same(
    rita: Client, question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = QuestionPage.may_answer

    def may_answer(self: QuestionPage, asked: Question) -> bool:
        allowed = real(self, asked)
        if not Answer.objects.exists():
            answer(question, 60, by="ann")
        return allowed

    monkeypatch.setattr(QuestionPage, "may_answer", may_answer)
    response = rita.post(page(question), {"answer": "45"})
    assert response.status_code == 409
    assert "ann answered" in response.content.decode()


def test_an_answered_question_can_still_be_read(rita: Client, question: Question) -> None:
    answer(question, 60, by="ann")
    response = rita.get(page(question))
    assert "ann answered" in response.content.decode()
    assert response.context["form"] is None


def test_somebody_elses_question_is_not_there(rob: Client, question: Question) -> None:
    assert rob.get(page(question)).status_code == 404
    assert rob.post(page(question), {"answer": "45"}).status_code == 404
    assert not Answer.objects.exists()


def test_what_waits_for_somebody_else_can_be_read_and_not_answered(rita: Client, question: Question) -> None:
    Question.objects.filter(pk=question.pk).update(assigned_to=account("carl", ANSWERER))
    response = rita.get(page(question))
    assert "This question waits for carl." in response.content.decode()
    assert response.context["form"] is None
    assert rita.post(page(question), {"answer": "45"}).status_code == 403
    assert not Answer.objects.exists()


def test_what_is_handed_to_the_requester_is_theirs_to_answer(rita: Client, question: Question) -> None:
    Question.objects.filter(pk=question.pk).update(assigned_to=User.objects.get(username="rita"))
    assert rita.post(page(question), {"answer": "45"}).status_code == 302


def test_approvals_are_not_the_requesters(rita: Client, opened: Opened) -> None:
    project = opened(template(step("only", approval="before")))
    asked = Question.objects.get(project=project)
    assert rita.get(page(asked)).status_code == 404
    html = rita.get(reverse("portal:project", args=[project.pk])).content.decode()
    assert "waits for our staff" in html
    assert rita.get(reverse("portal:projects")).context["questions"] == []
