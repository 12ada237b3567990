"""The inbox: whose questions, taking them on, handing them over, answering equal ones together."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import ANSWERER
from backlog.models import Project, Template
from clarifications.models import Answer, Question
from events.models import Event
from tests.callers import account

pytestmark = pytest.mark.django_db

INBOX = "admin:clarifications_question_changelist"
Opened = Callable[..., Project]


@pytest.fixture
def berta(db: None) -> User:
    """A person with the role of an answerer, who is in a group of her own too."""
    user = User.objects.create_user("berta", is_staff=True)
    user.groups.set([Group.objects.get(name=ANSWERER), Group.objects.create(name="controllers")])
    return user


@pytest.fixture
def browser(berta: User) -> Client:
    """Her browser."""
    client = Client()
    client.force_login(berta)
    return client


def shown(client: Client, **query: str) -> list[str]:
    """The projects of the questions that the inbox shows, in order."""
    response = client.get(reverse(INBOX), query)
    return [question.project.title for question in response.context["cl"].result_list]


def page(question: Question) -> str:
    """The address of the question's page."""
    return reverse("admin:clarifications_question_change", args=[question.pk])


def post(client: Client, url: str, **data: Any) -> list[str]:
    """The messages that a form leaves."""
    return [str(message) for message in get_messages(client.post(url, data).wsgi_request)]


def asked(opened: Opened, title: str, **fields: Any) -> Question:
    """An open question about an audit's hourly rate, with these fields."""
    question = Question.objects.get(project=opened(title=title, requester="rita"), field="hourly_rate")
    Question.objects.filter(pk=question.pk).update(**fields)
    return Question.objects.get(pk=question.pk)


def test_each_tab_shows_whose_questions_it_says_the_most_urgent_first(
    browser: Client, berta: User, opened: Opened
) -> None:
    soon = timezone.now() + timedelta(hours=1)
    account("leo", ANSWERER).groups.add(Group.objects.create(name="lawyers"))
    asked(opened, "anybody's")
    asked(opened, "urgent", due_at=soon)
    asked(opened, "hers", assigned_to=berta)
    asked(opened, "her group's", assigned_group="controllers")
    asked(opened, "another group's", assigned_group="lawyers")
    asked(opened, "another's", assigned_to=account("carl", ANSWERER))
    assert shown(browser) == ["urgent", "anybody's", "hers", "her group's"]
    assert shown(browser, whose="mine") == ["hers"]
    assert shown(browser, whose="groups") == ["urgent", "anybody's", "her group's"]
    assert len(shown(browser, whose="all")) == 6
    assert shown(browser, whose="closed") == []
    assert '<span class="badge">4<' in browser.get(reverse(INBOX)).content.decode()


def test_equal_questions_are_told_apart_by_the_request_they_are_of(browser: Client, opened: Opened) -> None:
    asked(opened, "Time at the loan desk")
    asked(opened, "Time at the till")
    html = browser.get(reverse(INBOX)).content.decode()
    assert html.count("Time at the loan desk · rita") == html.count("Time at the till · rita") == 1


def test_an_overdue_question_says_so_in_words(browser: Client, opened: Opened) -> None:
    asked(opened, "late", due_at=timezone.now() - timedelta(hours=2))
    html = browser.get(reverse(INBOX)).content.decode()
    assert ">Overdue</span>" in html
    assert ">2 h ago</time>" in html


def test_the_empty_inbox_says_what_will_happen(browser: Client) -> None:
    assert "No question waits for you." in browser.get(reverse(INBOX)).content.decode()


def test_a_question_is_taken_on_and_given_back_and_both_are_on_record(
    browser: Client, berta: User, opened: Opened
) -> None:
    question = asked(opened, "a")
    assert post(browser, page(question), claim="") == ["The question now waits for berta."]
    assert Question.objects.get(pk=question.pk).assigned_to == berta
    assert post(browser, page(question), release="")[-1] == "The question now waits for anybody."
    said = Event.objects.filter(type="CLARIFICATION.QUESTION_ASSIGNED").order_by("seq")
    assert [(e.payload["assigned_to"], e.payload["assigned_by"]) for e in said] == [("berta", "berta"), ("", "berta")]


def test_what_another_holds_is_not_taken_on(browser: Client, opened: Opened) -> None:
    question = asked(opened, "a", assigned_to=account("carl", ANSWERER))
    assert post(browser, page(question), claim="") == ["“Hourly rate” is held by carl: ask them, or reassign it."]
    assert str(Question.objects.get(pk=question.pk).assigned_to) == "carl"


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("carl", "The question now waits for carl."),
        ("controllers", "The question now waits for controllers."),
        ("", "The question now waits for anybody."),
        ("nobody", "There is no person and no group called “nobody”."),
    ],
)
def test_a_question_is_handed_to_a_person_a_group_or_anybody(
    browser: Client, opened: Opened, to: str, words: str
) -> None:
    User.objects.create_user("carl", is_staff=True)
    assert post(browser, page(asked(opened, "a")), reassign="", to=to) == [words]


def test_answering_and_going_on_leads_to_the_next_question(browser: Client, opened: Opened) -> None:
    first, second = asked(opened, "a"), asked(opened, "b")
    response = browser.post(page(first), {"answer": "45", "answer_question": "next"})
    assert response.url == page(second)
    response = browser.post(page(second), {"answer": "45", "answer_question": "next"})
    assert response.url == reverse(INBOX)


def test_earlier_answers_are_offered_with_their_source(browser: Client, opened: Opened) -> None:
    first, second = asked(opened, "Last year"), asked(opened, "This year")
    browser.post(page(first), {"answer": "45.5"})
    html = browser.get(page(second)).content.decode()
    assert "Start from 45.5" in html
    assert "Last year" in html
    html = browser.get(page(second), {"from": str(first.pk)}).content.decode()
    assert 'value="45.5"' in html


def test_equal_questions_are_answered_together_and_different_ones_are_not(browser: Client, opened: Opened) -> None:
    equal = [asked(opened, title) for title in ("a", "b", "c")]
    other = Question.objects.get(project=opened(title="d", request_text="Hi"), field="request_text")
    chosen = {"action": "answer_together", "_selected_action": [str(q.pk) for q in equal]}
    assert "3 questions get this answer" in browser.post(reverse(INBOX), chosen).content.decode()
    refused = browser.post(reverse(INBOX), {**chosen, "answer_question": "stay", "answer": "-1"}).content.decode()
    assert "must be more than 0" in refused
    assert not Answer.objects.exists()
    mixed = {**chosen, "_selected_action": [*chosen["_selected_action"], str(other.pk)]}
    assert post(browser, reverse(INBOX), **mixed) == [
        "These questions do not ask the same: choose questions about one field only."
    ]
    assert post(browser, reverse(INBOX), **chosen, answer_question="stay", answer="45")[-1].startswith("Answered:")
    assert list(Answer.objects.values_list("value", flat=True)) == [45, 45, 45]


def test_the_page_shows_the_request_and_its_first_rows(browser: Client, opened: Opened) -> None:
    rows = [{"text": f"Task {n}", "category": "Desk", "estimated_minutes": n} for n in range(9)]
    project = opened(title="With rows", work_context={"rows": rows})
    html = browser.get(page(Question.objects.get(project=project, field="hourly_rate"))).content.decode()
    assert "Where does the team lose time?" in html
    assert "The first of 9 rows" in html
    assert "Task 4" in html
    assert "Task 5" not in html


def test_the_inbox_takes_as_many_queries_for_a_thousand_questions_as_for_ten(
    browser: Client, berta: User, django_assert_num_queries: Any
) -> None:
    make_questions(10)
    with CaptureQueriesContext(connection) as few:
        browser.get(reverse(INBOX), {"whose": "all"})
    make_questions(990)
    with django_assert_num_queries(len(few)):
        browser.get(reverse(INBOX), {"whose": "all"})


def make_questions(count: int) -> None:
    """Open questions, each of a project of its own."""
    now, audit = timezone.now(), Template.objects.get(name="audit")
    projects = [Project(id=uuid4(), title=f"P{n}", template=audit, opened_at=now) for n in range(count)]
    Project.objects.bulk_create(projects)
    times = {"asked_at": now, "due_at": now + timedelta(days=1), "next_step_at": now + timedelta(days=1)}
    about = {"field": "hourly_rate", "title": "Hourly rate", "schema": {"type": "number"}, "pointer": "/hourly_rate"}
    Question.objects.bulk_create(Question(project=p, asked_by="audit", **about, **times) for p in projects)
