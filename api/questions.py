"""Endpoints that show questions and approvals: lists, and one question."""

from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.scopes import READ
from accounts.walls import organisation_seen_by
from api.approvals import ApprovalsShown
from api.endpoint import ApiView
from api.fields import Text
from api.openapi import endpoint, list_endpoint
from api.paging import FirstPage
from api.question_rows import ANSWER_FIELDS, FIELDS, question_rows, shown_question, shown_questions
from api.rules import Rule
from clarifications.models import Answer, Question, QuestionStatus
from clarifications.selectors import (
    MOST_PREPARED,
    all_questions,
    assigned_to_user,
    question_for,
    questions_for,
    sees_every_question,
    waits_for,
    waits_for_groups_of,
)

SOONEST = ("due_at", "id")
WHOSE = ("waiting", "mine", "groups", "all")


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
