"""Endpoints that change a question: claim, release, assign, answer and decline one, approve and reject work."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.scopes import QUESTIONS
from api import examples
from api.fields import Boolean, Text
from api.openapi import IF_MATCH, post_endpoint
from api.projects import Reason
from api.question_rows import shown_question
from api.questions import QuestionShown, QuestionView
from api.rules import Rule
from backlog.flow.orchestration import project_work
from clarifications.assignment import claim_question, reassign_question, release_question
from clarifications.models import Question
from clarifications.selectors import is_only_for_others, question_of
from clarifications.services import answer_question, decline_question

DOOR = "rest"
# The door of an answer that an agent passes on: its person typed it into the agent's own client.
AGENT_DOOR = "agent"
CHANGES = "clarifications.change_question"
TO_CHANGE: dict[str, Any] = {"parameters": [IF_MATCH], "refuses": [412]}


# -- requests --------------------------------------------------------------------------------------
class NewAnswer(serializers.Serializer[Any]):
    """The answer of a person."""

    answer = serializers.JSONField(allow_null=True, help_text="A value that fits the schema of the question.")
    relayed_by_agent = Boolean(
        required=False,
        default=False,
        help_text="True if a person typed the answer into the client of an agent, which sends it on. It is recorded.",
    )


class Assignee(serializers.Serializer[Any]):
    """The person or the group that a question is assigned to."""

    to = Text(
        max_length=150, allow_blank=True, help_text="The name of a person or of a group; empty: anybody may answer."
    )


class Rejection(serializers.Serializer[Any]):
    """The notes of a rejection."""

    notes = Text(max_length=10_000, help_text="What the worker has to do differently.")


# -- endpoints -------------------------------------------------------------------------------------
class QuestionAction(QuestionView):
    """Base class of the endpoints that change a question."""

    def act(self, question: Question, service: Callable[..., Question], **arguments: Any) -> Response:
        """Call the service with these arguments, under the lock of the question's project; return the question."""
        with project_work() as work:
            locked = question_of(work, question.project_id, question.pk)
            self.require_unchanged(lambda: shown_question(question.pk))
            service(work, question=locked, **arguments)
        return self.respond(shown_question(question.pk))

    def answerable_question(self, question_id: UUID, kind: Question.Kind) -> Question:
        """Return the question. Raises Http404, or PermissionDenied if it is open and others have to answer it."""
        question = self.visible_question(question_id)
        if question.kind != kind:
            raise Http404
        if is_only_for_others(self.account, question):
            raise PermissionDenied(_("You may not answer this question: it waits for another person or group."))
        return question


class AnswerQuestion(QuestionAction):
    """Answers a question."""

    rules = {"POST": Rule(QUESTIONS)}

    @post_endpoint(
        "questions_answer",
        "Answer a question",
        takes=NewAnswer,
        gives=QuestionShown,
        **TO_CHANGE,
        request_example=examples.ANSWER,
        response_example=examples.ANSWERED,
    )
    def post(self, request: Request, question_id: UUID) -> Response:
        """Answer the question. The items that waited only for this answer go on.

        Only the first answer counts: a second one is refused with 409 `already-closed`. An answer that does not fit
        the schema of the question is refused with its faults. A service account cannot answer what it asked itself.
        """
        question = self.answerable_question(question_id, Question.Kind.INPUT)
        body, by = self.read_body(NewAnswer), self.account.get_username()
        door = AGENT_DOOR if body["relayed_by_agent"] else DOOR
        return self.act(question, answer_question, answer=body["answer"], by=by, door=door)


class DeclineQuestion(QuestionAction):
    """Declines a question."""

    rules = {"POST": Rule(QUESTIONS, CHANGES)}

    @post_endpoint(
        "questions_decline",
        "Decline a question",
        takes=Reason,
        gives=QuestionShown,
        **TO_CHANGE,
        request_example=examples.REASON,
        response_example=examples.QUESTION,
    )
    def post(self, request: Request, question_id: UUID) -> Response:
        """Close the question without an answer. The items that need the answer are cancelled. The reason is stored."""
        question = self.answerable_question(question_id, Question.Kind.INPUT)
        by, reason = self.account.get_username(), self.read_body(Reason)["reason"]
        return self.act(question, decline_question, by=by, reason=reason)


class ClaimQuestion(QuestionAction):
    """Assigns a question to the account itself."""

    rules = {"POST": Rule(QUESTIONS, CHANGES)}

    @post_endpoint(
        "questions_claim", "Claim a question", gives=QuestionShown, **TO_CHANGE, response_example=examples.QUESTION
    )
    def post(self, request: Request, question_id: UUID) -> Response:
        """Assign the question to yourself: from now on it waits for you."""
        return self.act(self.visible_question(question_id), claim_question, by=self.account)


class ReleaseQuestion(QuestionAction):
    """Ends the assignment of a question to the account."""

    rules = {"POST": Rule(QUESTIONS, CHANGES)}

    @post_endpoint(
        "questions_release", "Release a question", gives=QuestionShown, **TO_CHANGE, response_example=examples.QUESTION
    )
    def post(self, request: Request, question_id: UUID) -> Response:
        """End your assignment: the question waits for its group again, or for anybody if it has no group."""
        return self.act(self.visible_question(question_id), release_question, by=self.account)


class AssignQuestion(QuestionAction):
    """Assigns a question."""

    rules = {"POST": Rule(QUESTIONS, CHANGES)}

    @post_endpoint(
        "questions_assign",
        "Assign a question",
        takes=Assignee,
        gives=QuestionShown,
        **TO_CHANGE,
        request_example=examples.ASSIGNEE,
        response_example=examples.QUESTION,
    )
    def post(self, request: Request, question_id: UUID) -> Response:
        """Assign the question to a person or to a group, or let anybody answer it."""
        question, to = self.visible_question(question_id), self.read_body(Assignee)["to"]
        return self.act(question, reassign_question, to=to, by=self.account)


class Approve(QuestionAction):
    """Approves finished work, or the begin of work."""

    rules = {"POST": Rule(QUESTIONS, CHANGES, people_only=True)}

    @post_endpoint(
        "approvals_approve", "Approve work", gives=QuestionShown, **TO_CHANGE, response_example=examples.QUESTION
    )
    def post(self, request: Request, question_id: UUID) -> Response:
        """Approve the work. Only a person may do this, and nobody for their own work or their own request."""
        question = self.answerable_question(question_id, Question.Kind.APPROVAL)
        by = self.account.get_username()
        return self.act(question, answer_question, answer={"approved": True}, by=by, door=DOOR)


class Reject(QuestionAction):
    """Rejects work."""

    rules = {"POST": Rule(QUESTIONS, CHANGES, people_only=True)}

    @post_endpoint(
        "approvals_reject",
        "Reject work, with notes",
        takes=Rejection,
        gives=QuestionShown,
        **TO_CHANGE,
        request_example=examples.REJECTION,
        response_example=examples.QUESTION,
    )
    def post(self, request: Request, question_id: UUID) -> Response:
        """Reject the work. The worker gets your notes and does the work again. Only a person may do this."""
        question = self.answerable_question(question_id, Question.Kind.APPROVAL)
        answer = {"approved": False, "notes": self.read_body(Rejection)["notes"]}
        return self.act(question, answer_question, answer=answer, by=self.account.get_username(), door=DOOR)
