"""What a click in Slack does: it answers the question as the person who clicked, by the rules of the pages."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.preferences import preferences_of
from accounts.reach import act_for
from backlog.flow.orchestration import project_work
from chat.errors import ChatError
from chat.slack_calls import escaped
from chat.slack_messages import ANSWER, NOTES, section
from chat.slack_people import person_in_slack
from clarifications.errors import ClarificationError, InvalidAnswer, NotEntitled, UnknownQuestion
from clarifications.forms.answer_form import AnswerForm
from clarifications.models import Question, QuestionStatus
from clarifications.selectors import answerable_by, question_in, questions_for
from clarifications.services import answer_question
from clarifications.votes import settled_words
from clarifications.wording import question_title
from environment.chat import Slack

DOOR = "slack"


@dataclass(frozen=True)
class Click:
    """A click on one of our buttons: who, on which question, with which answer or which typed text."""

    user_id: str
    question_id: UUID
    answer: Any
    typed: str
    reply_to: str


def click_in(payload: Any) -> Click | None:
    """Return the click in a payload of Slack; None if it is on nothing that answers, such as the link to the page.

    Raises ValueError, KeyError or TypeError if it is no payload of ours: Slack signed it, so one of the two is broken.
    """
    action = payload["actions"][0]
    if payload["type"] != "block_actions" or not action["action_id"].startswith(f"{ANSWER}:"):
        return None
    value = orjson.loads(action["value"])
    answer, fields = value["answer"], (payload.get("state") or {}).get("values") or {}
    typed = str(fields.get(ANSWER, {}).get(ANSWER, {}).get("value") or "")
    notes = str(fields.get(NOTES, {}).get(NOTES, {}).get("value") or "")
    if isinstance(answer, dict) and notes:
        answer = {**answer, "notes": notes}
    return Click(payload["user"]["id"], UUID(value["question"]), answer, typed, str(payload.get("response_url", "")))


def reply_to_click(slack: Slack, click: Click) -> dict[str, Any]:
    """Answer the question and return the reply: for all in the channel if it counted, else to the person alone."""
    try:
        user = person_in_slack(slack, click.user_id)
        act_for(user)
        with preferences_of(user):
            question = answer_as(user, click)
            answered = _("“%(title)s” was answered by %(by)s.") % {"title": question_title(question), "by": user}
            words = settled_words(question, answered)
    except (ChatError, ClarificationError) as error:
        return {"response_type": "ephemeral", "replace_original": False, "text": escaped(error.message)}
    return {"replace_original": True, "text": escaped(words), "blocks": [section(words)]}


def answer_as(user: User, click: Click) -> Question:
    """Answer the question as the person, and return it. Raises ClarificationError; then nothing changes."""
    question = questions_for(user).select_related("project").filter(pk=click.question_id).first()
    if question is None:
        raise UnknownQuestion(_("You may not see this question, or it is not here any more."))
    # A closed question is not asked about its form any more: who came late is told so.
    is_open = question.status == QuestionStatus.OPEN
    answer = typed_answer(question, click.typed) if click.answer is None and is_open else click.answer
    with project_work() as work:
        locked = question_in(work, question.pk)
        require_answerable(locked, user)
        return answer_question(work, question=locked, answer=answer, by=user.get_username(), door=DOOR)


def require_answerable(question: Question, user: User) -> None:
    """Raise NotEntitled if the question is open and the person may not answer it on its page."""
    if question.status == QuestionStatus.OPEN and not answerable_by(user).filter(pk=question.pk).exists():
        raise NotEntitled(_("You may not answer this question: it waits for another person or group."))


def typed_answer(question: Question, text: str) -> Any:
    """Return the answer that the text is, read as the form on the page reads it. Raises ClarificationError."""
    form = AnswerForm(question, {"answer": text})
    if not form.is_valid():
        raise InvalidAnswer(" ".join(str(fault) for faults in form.errors.values() for fault in faults))
    return form.answer()
