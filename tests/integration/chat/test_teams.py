"""Questions in Teams: a card with a link, which gives no right; who follows it answers on the page."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.roles import REQUESTER
from backlog.models import Project
from backlog.organisations import make_organisation
from chat.posting import post_due_questions
from clarifications.models import Answer, Question
from tests.callers import account
from tests.chats import Chats
from tests.flows import opened, step

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

RATE = {"type": "number", "title": "**Hourly** rate", "exclusiveMinimum": 0}
NEEDS = {"type": "object", "required": ["rate"], "properties": {"rate": RATE}}


@pytest.fixture
def rita(chats: Chats) -> User:
    """A requester."""
    return account("rita", REQUESTER)


@pytest.fixture
def link(chats: Chats, rita: User) -> str:
    """The path of the link in the card about a question of rita's request."""
    opened(step("only", needs=NEEDS), requester="rita")
    post_due_questions()
    [card] = chats.cards
    [attachment] = card["attachments"]
    content = attachment["content"]
    assert (card["type"], content["type"], content["version"]) == ("message", "AdaptiveCard", "1.4")
    assert content["body"][0]["inlines"][0]["text"] == "**Hourly** rate"
    [action] = content["actions"]
    assert action["type"] == "Action.OpenUrl"
    path: str = action["url"].removeprefix("https://interlock.example.org")
    return path


def page(client: Client, link: str) -> str:
    """The address to which the link leads this person."""
    response: Any = client.get(link)
    assert response.status_code == 302
    return str(response.url)


def test_the_link_gives_no_right_and_opening_it_changes_nothing(link: str) -> None:
    assert page(Client(), link).startswith("/sign-in/") or "next=" in page(Client(), link)
    assert Client(enforce_csrf_checks=True).post(link, {"answer": "45"}).status_code in (302, 403)
    assert not Answer.objects.exists()


def test_answer_wrong_answer_forged_form_and_late_answer(link: str, rita: User) -> None:
    client = Client()
    client.force_login(rita)
    at = page(client, link)
    assert b"more than 0" in client.post(at, {"answer": "-1"}).content
    assert not Answer.objects.exists()
    forging = Client(enforce_csrf_checks=True)
    forging.force_login(rita)
    assert forging.post(at, {"answer": "1"}).status_code == 403
    assert client.post(at, {"answer": "45"}).status_code == 302
    assert client.post(at, {"answer": "46"}).status_code == 409
    assert float(Answer.objects.get().value) == 45
    assert Question.objects.get().status == "ANSWERED"


def test_staff_are_led_to_the_admin(link: str, ann: User) -> None:
    client = Client()
    client.force_login(ann)
    assert page(client, link).startswith("/admin/clarifications/question/")


def test_questions_of_another_organisation_are_not_posted(chats: Chats, rita: User) -> None:
    project = opened(step("only", needs=NEEDS), requester="rita")
    Project.objects.filter(pk=project.pk).update(organisation=make_organisation("Sales"))
    assert post_due_questions()
    assert chats.cards == []
