"""Endpoints of questions and approvals: list, read, claim, release, assign, answer, decline, approve, reject."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.scopes import QUESTIONS, READ
from accounts.walls import organisation_seen_by
from api import examples
from api.approvals import ApprovalsShown
from api.endpoint import ApiView
from api.fields import Boolean, Text
from api.openapi import IF_MATCH, endpoint, list_endpoint, post_endpoint
from api.paging import FirstPage
from api.projects import Reason
from api.question_rows import ANSWER_FIELDS, FIELDS, question_rows, shown_question, shown_questions
from api.rules import Rule
from backlog.flow.orchestration import project_work
from clarifications.assignment import claim_question, reassign_question, release_question
from clarifications.models import Answer, Question, QuestionStatus
from clarifications.selectors import (
    MOST_PREPARED,
    all_questions,
    assigned_to_user,
    is_only_for_others,
    question_for,
    question_of,
    questions_for,
    sees_every_question,
    waits_for,
    waits_for_groups_of,
)
from clarifications.services import answer_question, decline_question

DOOR = "rest"
# The door of an answer that an agent passes on: its person typed it into the agent's own client.
AGENT_DOOR = "agent"
SOONEST = ("due_at", "id")
WHOSE = ("waiting", "mine", "groups", "all")
CHANGES = "clarifications.change_question"
TO_CHANGE: dict[str, Any] = {"parameters": [IF_MATCH], "refuses": [412]}


# -- responses -------------------------------------------------------------------------------------
class AnswerShown(serializers.ModelSerializer[Answer]):
    """The answer to a question."""

    value = serializers.JSONField(help_text="A value that fits the schema of the question.")

    class Meta:
        model = Answer
        fields = [*ANSWER_FIELDS]


class QuestionShown(serializers.ModelSerializer[Question]):
    """A question: one fact or decision that work needs from a person."""

    # Only the OpenAPI document is made from this class: `api.question_rows` makes what a response shows.
    project = serializers.UUIDField(source="project_id")
    schema = serializers.DictField(help_text="The JSON Schema that an answer has to fit.")
    assigned_to = serializers.CharField(source="assigned_to.username", default=None, allow_null=True)
    waiting_items = serializers.ListField(
        child=serializers.UUIDField(), read_only=True, help_text="The ids of the work items that wait for the answer."
    )
    approvals = ApprovalsShown(
        read_only=True, allow_null=True, help_text="Null unless the template says who approves the work."
    )
    answer = AnswerShown(read_only=True, allow_null=True)

    class Meta:
        model = Question
        fields = [*FIELDS, "waiting_items", "approvals", "answer"]


# -- requests --------------------------------------------------------------------------------------
class ApprovalQuery(serializers.Serializer[Any]):
    """Filters of the list of approvals."""

    status = serializers.ChoiceField(choices=QuestionStatus.choices, required=False)
    project = serializers.UUIDField(required=False)
    whose = serializers.ChoiceField(
        choices=WHOSE,
        required=False,
        help_text="Only open ones: `mine` are assigned to you, `groups` wait for one of your groups or for anybody, "
        "`waiting` are both of these, `all` are those that you may see. Who stands in for somebody who is away finds "
        "theirs among `mine` and `groups`.",
    )


class QuestionQuery(ApprovalQuery):
    """Filters of the list of questions."""

    kind = serializers.ChoiceField(choices=Question.Kind.choices, required=False)
    field = Text(required=False, max_length=200)


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


# -- reading ---------------------------------------------------------------------------------------
class Questions(ApiView):
    """The list of questions."""

    rules = {"GET": Rule(READ)}

    @list_endpoint("questions_list", "List questions", QuestionShown, QuestionQuery)
    def get(self, request: Request) -> Response:
        """The questions that you may see, in the order in which they are due."""
        query = self.read_query(QuestionQuery)
        if not query and "cursor" not in request.query_params and sees_every_question(self.account):
            return self.page(first_questions(organisation_seen_by(self.account)), shown_questions, by=SOONEST)
        rows = question_rows(questions_matching(self.account, query))
        return self.page(rows, shown_questions, by=SOONEST)


class QuestionView(ApiView):
    """Base class of the endpoints of one question."""

    def visible_question(self, question_id: UUID) -> Question:
        """Return the question. Raises Http404 if there is none that the account may see."""
        question = question_for(self.account, question_id)
        if question is None:
            raise Http404
        return question


class OneQuestion(QuestionView):
    """One question."""

    rules = {"GET": Rule(READ)}

    @endpoint("questions_read", "Read a question", gives=QuestionShown, refuses=[404])
    def get(self, request: Request, question_id: UUID) -> Response:
        """The question, with its answer if it has one. Its ETag can be sent as If-Match with a change."""
        return self.respond(shown_question(self.visible_question(question_id).pk))


class Approvals(ApiView):
    """The list of approvals."""

    rules = {"GET": Rule(READ)}

    @list_endpoint("approvals_list", "List approvals", QuestionShown, ApprovalQuery)
    def get(self, request: Request) -> Response:
        """The approvals that you may see, in the order in which they are due."""
        rows = questions_matching(self.account, self.read_query(ApprovalQuery)).filter(kind=Question.Kind.APPROVAL)
        return self.page(question_rows(rows), shown_questions, by=SOONEST)


# -- changing --------------------------------------------------------------------------------------
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


# -- functions -------------------------------------------------------------------------------------
@lru_cache(MOST_PREPARED)
def first_questions(organisation: int | None) -> FirstPage:
    """Return the first page of all questions of this organisation, where most readers begin; None: of every one."""
    return FirstPage(lambda: question_rows(all_questions(organisation).order_by(*SOONEST)))


def questions_matching(user: User, query: dict[str, Any]) -> QuerySet[Question]:
    """Return the questions that the account may see and that the query asks for."""
    rows = questions_for(user)
    whose = query.pop("whose", "")
    if whose:
        rows = rows.filter(status=QuestionStatus.OPEN)
    if whose == "mine":
        rows = rows.filter(assigned_to_user(user))
    elif whose in ("groups", "waiting"):
        rows = rows.filter(waits_for(user) if whose == "waiting" else waits_for_groups_of(user))
    return rows.filter(**{"project_id" if name == "project" else name: value for name, value in query.items()})
