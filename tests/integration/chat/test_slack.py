"""Questions in Slack: answered, late, wrong, forged, repeated, and by whom."""

import time
from typing import Any

import pytest
from django.core.cache import cache

from accounts.models import User
from accounts.organisations import Organisation
from accounts.roles import ANSWERER, REQUESTER
from backlog.models import Project
from chat.posting import post_due_questions
from clarifications.models import Answer, Question
from tests.callers import account
from tests.chats import Chats, send
from tests.flows import opened, opened_by, request, step, template

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

RATE = {"type": "number", "title": "Hourly rate", "exclusiveMinimum": 0}


def asked(chats: Chats, schema: dict[str, Any], **item: Any) -> Question:
    """A question by this schema that was posted."""
    needs = {"type": "object", "required": ["figure"], "properties": {"figure": schema}}
    opened(step("only", needs=needs, **item))
    assert post_due_questions() == 2
    return Question.objects.get()


def approval_asked(chats: Chats, **changes: Any) -> Question:
    """A posted approval."""
    opened_by(request(template(step("only", approval="before")), **changes))
    post_due_questions()
    return Question.objects.get()


def test_a_click_answers_as_the_person_and_the_channel_is_told(chats: Chats, ann: User) -> None:
    question = asked(chats, {"type": "boolean", "title": "Ship <it> & tell <!channel>?"})
    said = chats.messages[-1]
    assert said["channel"] == "C024BE91L"
    assert said["text"] == "Ship &lt;it&gt; &amp; tell &lt;!channel&gt;?"
    assert {block["text"]["type"] for block in said["blocks"] if block["type"] == "section"} == {"plain_text"}
    assert chats.click("Yes", by="U_ANN") == "“Ship &lt;it&gt; &amp; tell &lt;!channel&gt;?” was answered by ann."
    assert chats.replies[-1]["replace_original"] is True
    answer = Answer.objects.get(question=question)
    assert (answer.value, answer.answered_by, answer.door) == (True, "ann", "slack")


def test_what_is_typed_is_read_as_on_the_page_and_a_wrong_answer_changes_nothing(chats: Chats, ann: User) -> None:
    question = asked(chats, RATE)
    assert "more than 0" in chats.click("Send", by="U_ANN", answer="-3")
    assert chats.replies[-1]["response_type"] == "ephemeral"
    assert "number" in chats.click("Send", by="U_ANN", answer="a lot").casefold()
    assert not Answer.objects.exists()
    chats.click("Send", by="U_ANN", answer="62.5")
    assert float(Answer.objects.get(question=question).value) == 62.5


def test_who_comes_late_is_told_who_answered_and_the_first_answer_stands(chats: Chats, ann: User) -> None:
    chats.add_person("U_BEN", "ben@example.org")
    account("ben", ANSWERER, email="ben@example.org", verified_email="ben@example.org")
    asked(chats, {"type": "string", "enum": ["red", "green"], "title": "Which?"})
    chats.click("green", by="U_ANN")
    late = chats.click("red", by="U_BEN")
    assert "was answered by ann" in late
    assert "the first answer stands" in late
    assert chats.replies[-1]["replace_original"] is False
    assert Answer.objects.get().value == "green"


def test_a_forged_an_old_and_a_repeated_request_change_nothing(chats: Chats, ann: User) -> None:
    asked(chats, RATE)
    now = time.time()
    wrong = chats.payload("Send", by="U_ANN", typed={"answer": "-1"})
    click = chats.payload("Send", by="U_ANN", typed={"answer": "45"})
    assert send(click, secret="another").status_code == 403
    assert send(click, signature="v0=é").status_code == 403
    assert send(click, at=now - 302).status_code == 403
    assert send(click, at=now + 310).status_code == 403
    assert not Answer.objects.exists()
    assert [send(wrong, at=now).status_code, send(wrong, at=now).status_code] == [200, 403]
    assert send(click).status_code == 200
    assert Answer.objects.get().value == 45


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"team_id": "T0THER"}, "Only full members"),
        ({"is_restricted": True}, "Only full members"),
        ({"deleted": True}, "Only full members"),
        ({"profile": {"email": "else@example.org"}}, "No account here"),
        ({"profile": {}}, "No account here"),
    ],
)
def test_who_slack_does_not_vouch_for_answers_nothing(
    chats: Chats, ann: User, changes: dict[str, Any], words: str
) -> None:
    asked(chats, {"type": "boolean", "title": "Ship it?"})
    chats.add_person("U_ANN", "ann@example.org")
    chats.people["U_ANN"] |= changes
    assert words in chats.click("Yes", by="U_ANN")
    assert not Answer.objects.exists()


def test_an_address_that_its_person_has_not_confirmed_or_two_share_is_nobodys(chats: Chats, ann: User) -> None:
    asked(chats, {"type": "boolean", "title": "Ship it?"})
    twin = account("twin", ANSWERER, email="ann@example.org", verified_email="ann@example.org")
    assert "No account here" in chats.click("Yes", by="U_ANN")
    twin.delete()
    ann.verified_email = ""
    ann.save()
    assert "No account here" in chats.click("Yes", by="U_ANN")
    assert not Answer.objects.exists()


def test_a_person_answers_only_what_they_may_answer_on_the_page(chats: Chats, ann: User) -> None:
    chats.add_person("U_RITA", "rita@example.org")
    rita = account("rita", REQUESTER, email="rita@example.org", verified_email="rita@example.org")
    asked(chats, {"type": "boolean", "title": "Ship it?"})
    assert "may not see" in chats.click("Yes", by="U_RITA")
    Project.objects.update(owner=rita)
    Question.objects.update(assigned_to=ann)
    assert "it waits for another person" in chats.click("Yes", by="U_RITA")
    assert not Answer.objects.exists()


def test_an_approval_is_given_or_sent_back_with_notes_and_nobody_approves_their_own(chats: Chats, ann: User) -> None:
    question = approval_asked(chats, requester="ann")
    assert "another person has to approve it" in chats.click("Approve", by="U_ANN")
    assert Question.objects.get(pk=question.pk).status == "OPEN"
    chats.add_person("U_BEN", "ben@example.org")
    account("ben", ANSWERER, email="ben@example.org", verified_email="ben@example.org")
    assert "Say in the notes" in chats.click("Send back", by="U_BEN")
    chats.click("Approve", by="U_BEN", notes="Go.")
    assert Answer.objects.get(question=question).value == {"approved": True, "notes": "Go."}


def test_what_a_button_cannot_hold_is_only_linked(chats: Chats) -> None:
    question = asked(chats, {"type": "object", "title": "Both", "properties": {"one": {"type": "number"}}})
    [actions] = [block for block in chats.messages[-1]["blocks"] if block["type"] == "actions"]
    [link] = actions["elements"]
    assert link["url"] == f"https://interlock.example.org/chat/questions/{question.pk}/"
    assert send(chats.payload("Open", by="U_ANN")).status_code == 200
    assert not chats.replies


def test_a_chat_that_is_away_gets_the_question_later_and_once(chats: Chats, ann: User) -> None:
    chats.fault, chats.teams_status = "service_unavailable", 503
    opened(step("only", approval="before"))
    assert post_due_questions() == 0
    chats.fault, chats.teams_status = "", 202
    assert post_due_questions() == 0  # it rests after a failure
    cache.clear()
    assert [post_due_questions(), post_due_questions()] == [2, 0]
    assert (len(chats.messages), len(chats.cards)) == (1, 2)


def test_a_message_that_slack_never_takes_does_not_hold_up_the_next(chats: Chats, ann: User) -> None:
    chats.fault = "invalid_blocks"
    opened(step("only", approval="before"))
    assert post_due_questions() == 2
    chats.fault = ""
    opened(step("only", approval="before"))
    assert post_due_questions() == 2
    assert len(chats.messages) == 1


def test_a_question_of_another_organisation_is_not_posted(chats: Chats) -> None:
    chats.fault, chats.teams_status = "service_unavailable", 503
    opened(step("only", approval="before"))
    Project.objects.update(organisation=Organisation.objects.create(name="Other", slug="other"))
    assert post_due_questions() == 2
    assert not chats.cards


def test_without_a_slack_app_there_is_no_address(settings: Any, chats: Chats) -> None:
    settings.CHAT = type(settings.CHAT)()
    assert send({}).status_code == 404
    assert post_due_questions() == 0


@pytest.mark.parametrize("payload", [{}, [], {"type": "block_actions", "actions": [{"action_id": "answer:0"}]}, 7])
def test_a_signed_request_that_is_no_click_is_refused_in_words(chats: Chats, payload: Any) -> None:
    assert send(payload).status_code == 400
    assert not Project.objects.exists()
