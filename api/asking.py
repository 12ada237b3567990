"""Endpoints by which a program asks: a question that a person answers, or an approval that a person gives."""

from collections.abc import Callable
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.scopes import PROJECTS
from api import examples
from api.fields import Text, Uuid
from api.openapi import post_endpoint
from api.question_rows import shown_question
from api.questions import Approvals, Questions, QuestionShown
from api.rules import Rule
from backlog.flow.orchestration import project_work
from clarifications.models import Question
from clarifications.standalone import ask_by_itself, request_approval

ASKS = Rule(PROJECTS, "backlog.add_project")


# -- requests --------------------------------------------------------------------------------------
class NewApproval(serializers.Serializer[Any]):
    """An approval that a program asks for."""

    project_id = Uuid(
        required=False,
        help_text="An id of your choice for the project of the question. A second request with the same id is refused, "
        "so that a program that cannot know whether it asked can ask again.",
    )
    title = Text(max_length=300, help_text="What is to be decided, as a question in one line.")
    reason = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=20_000,
        help_text="What the person has to know in order to decide; shown with the question.",
    )
    to = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=150,
        help_text="The name of the person or the group to ask; left out: anybody who may answer.",
    )


class NewQuestion(NewApproval):
    """A question that a program asks a person."""

    schema = serializers.DictField(
        help_text="The JSON Schema that the answer has to fit; the form for the person is made from it."
    )


# -- endpoints -------------------------------------------------------------------------------------
class QuestionsAndAsking(Questions):
    """The list of questions; a POST asks one."""

    rules = {**Questions.rules, "POST": ASKS}

    @post_endpoint(
        "questions_ask",
        "Ask a person",
        takes=NewQuestion,
        gives=QuestionShown,
        status=201,
        request_example=examples.NEW_QUESTION,
        response_example=examples.ASKED_BY_ITSELF,
    )
    def post(self, request: Request) -> Response:
        """Ask a person one question, in a project of its own that ends with the answer.

        Read the question at `Location` until its `status` is no longer OPEN; `answer.value` fits your schema.
        """
        return asked(self, ask_by_itself, self.read_body(NewQuestion))


class ApprovalsAndRequesting(Approvals):
    """The list of approvals; a POST requests one."""

    rules = {**Approvals.rules, "POST": ASKS}

    @post_endpoint(
        "approvals_request",
        "Request an approval",
        takes=NewApproval,
        gives=QuestionShown,
        status=201,
        request_example=examples.NEW_APPROVAL,
        response_example=examples.APPROVAL_REQUESTED,
    )
    def post(self, request: Request) -> Response:
        """Ask a person to approve something, in a project of its own that ends with the decision.

        Another person than the account decides, signed in: no key can. Read the question at `Location` until its
        `status` is no longer OPEN; `answer.value` has `approved`, and `notes` with a rejection.
        """
        return asked(self, request_approval, self.read_body(NewApproval))


def asked(view: Questions | Approvals, service: Callable[..., Question], values: dict[str, Any]) -> Response:
    """Have the service ask with these values, for the account of the request; return the open question."""
    with project_work() as work:
        question = service(work, by=view.account, **values)
    return view.respond(shown_question(question.pk), status=201, location=f"/api/v1/questions/{question.pk}")
