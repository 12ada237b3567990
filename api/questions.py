"""Questions and approvals: look, claim, release, hand over, answer, decline, approve, reject."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.scopes import QUESTIONS, READ
from api import examples
from api.endpoint import ApiView, found_in
from api.fields import Text
from api.openapi import IF_MATCH, acts, endpoint, lists
from api.projects import Reason
from api.rules import Rule
from backlog.flow.orchestration import project_work
from clarifications.assignment import claim_question, reassign_question, release_question
from clarifications.models import Answer, Question, QuestionStatus
from clarifications.selectors import mine, of_my_groups, question_in, questions_for, waits_for_others
from clarifications.services import answer_question, decline_question

DOOR = "rest"
SOONEST = ("due_at", "id")
WHOSE = ("waiting", "mine", "groups", "all")
CHANGES = "clarifications.change_question"
TO_CHANGE: dict[str, Any] = {"parameters": [IF_MATCH], "refuses": [412]}


# -- what is shown ---------------------------------------------------------------------------------
class AnswerShown(serializers.ModelSerializer[Answer]):
    """The answer that stands."""

    value = serializers.JSONField(help_text="What the question's schema describes.")

    class Meta:
        model = Answer
        fields = ["value", "answered_by", "door", "answered_at", "event_id"]


class QuestionShown(serializers.ModelSerializer[Question]):
    """One thing that a person has to say."""

    project = serializers.UUIDField(source="project_id")
    schema = serializers.DictField(help_text="What an answer has to look like (JSON Schema).")
    assigned_to = serializers.CharField(source="assigned_to.username", default=None, allow_null=True)
    waiting_items = serializers.SerializerMethodField(help_text="The items that it holds back.")
    answer = serializers.SerializerMethodField()

    class Meta:
        model = Question
        fields = [
            *("id", "project", "kind", "field", "status", "revision", "title", "description", "schema", "pointer"),
            *("reason", "asked_by", "asked_at", "due_at", "closed_at", "assigned_to", "assigned_group"),
            *("waiting_items", "answer"),
        ]

    def get_waiting_items(self, question: Question) -> list[UUID]:
        return [blocking.item_id for blocking in question.holding]  # type: ignore[attr-defined]  # see seen_by

    @extend_schema_field(AnswerShown(allow_null=True))
    def get_answer(self, question: Question) -> Any:
        answer = getattr(question, "answer", None)
        return AnswerShown(answer).data if answer else None


# -- what is taken ---------------------------------------------------------------------------------
class ApprovalQuery(serializers.Serializer[Any]):
    """Which approvals."""

    status = serializers.ChoiceField(choices=QuestionStatus.choices, required=False)
    project = serializers.UUIDField(required=False)
    whose = serializers.ChoiceField(
        choices=WHOSE,
        required=False,
        help_text="Open ones by whom they wait for: you or anybody, you, your groups, all.",
    )


class QuestionQuery(ApprovalQuery):
    """Which questions."""

    kind = serializers.ChoiceField(choices=Question.Kind.choices, required=False)
    field = Text(required=False, max_length=200)


class NewAnswer(serializers.Serializer[Any]):
    """What a person says."""

    answer = serializers.JSONField(allow_null=True, help_text="What the question's schema describes.")


class Assignee(serializers.Serializer[Any]):
    """Whom it is handed to."""

    to = Text(max_length=150, allow_blank=True, help_text="A person or a group; empty for anybody.")


class Rejection(serializers.Serializer[Any]):
    """What should be done differently."""

    notes = Text(max_length=10_000)


# -- looking ---------------------------------------------------------------------------------------
class Questions(ApiView):
    """The questions that the account may see."""

    rules = {"GET": Rule(READ)}

    @lists("questions_list", "List questions", QuestionShown, QuestionQuery)
    def get(self, request: Request) -> Response:
        """Those that are due first come first."""
        return self.page(wanted(self.account, self.asked(QuestionQuery)), QuestionShown, by=SOONEST)


class OneQuestion(ApiView):
    """A question."""

    rules = {"GET": Rule(READ)}

    @endpoint("questions_read", "Read a question", gives=QuestionShown, refuses=[404])
    def get(self, request: Request, question_id: UUID) -> Response:
        """With its answer, when there is one."""
        return self.shown(QuestionShown(found_in(seen_by(self.account), pk=question_id)).data)


class Approvals(ApiView):
    """The approvals that the account may see."""

    rules = {"GET": Rule(READ)}

    @lists("approvals_list", "List approvals", QuestionShown, ApprovalQuery)
    def get(self, request: Request) -> Response:
        """Those that are due first come first."""
        found = wanted(self.account, self.asked(ApprovalQuery)).filter(kind=Question.Kind.APPROVAL)
        return self.page(found, QuestionShown, by=SOONEST)


# -- acting ----------------------------------------------------------------------------------------
class Act(ApiView):
    """Something that is done to a question."""

    def act(self, question_id: UUID, service: Callable[..., Question], **said: Any) -> Response:
        """Have the service do it; the question as it is then."""
        with project_work() as work:
            question = question_in(work, question_id)
            self.require_unchanged(lambda: QuestionShown(found_in(seen_by(self.account), pk=question_id)).data)
            service(work, question=question, **said)
        return self.shown(QuestionShown(found_in(seen_by(self.account), pk=question_id)).data)

    def require_answerable(self, question_id: UUID, kind: Question.Kind) -> None:
        """Raise Http404 or PermissionDenied unless it is closed, or the account may answer it."""
        found_in(questions_for(self.account), pk=question_id, kind=kind)
        if waits_for_others(self.account, question_id):
            raise PermissionDenied(_("This question waits for somebody else."))


class AnswerQuestion(Act):
    """Answers a question."""

    rules = {"POST": Rule(QUESTIONS)}

    @acts(
        "questions_answer",
        "Answer a question",
        takes=NewAnswer,
        gives=QuestionShown,
        **TO_CHANGE,
        sent=examples.ANSWER,
        given=examples.ANSWERED,
    )
    def post(self, request: Request, question_id: UUID) -> Response:
        """The first answer stands; what waited goes on."""
        self.require_answerable(question_id, Question.Kind.INPUT)
        said = self.read(NewAnswer)
        by = self.account.get_username()
        return self.act(question_id, answer_question, answer=said["answer"], by=by, door=DOOR)


class DeclineQuestion(Act):
    """Says that a question will not be answered."""

    rules = {"POST": Rule(QUESTIONS, CHANGES)}

    @acts(
        "questions_decline",
        "Decline a question",
        takes=Reason,
        gives=QuestionShown,
        **TO_CHANGE,
        sent=examples.REASON,
        given=examples.QUESTION,
    )
    def post(self, request: Request, question_id: UUID) -> Response:
        """The items that need the answer are cancelled."""
        self.require_answerable(question_id, Question.Kind.INPUT)
        by, reason = self.account.get_username(), self.read(Reason)["reason"]
        return self.act(question_id, decline_question, by=by, reason=reason)


class ClaimQuestion(Act):
    """Takes a question on."""

    rules = {"POST": Rule(QUESTIONS, CHANGES)}

    @acts("questions_claim", "Take a question on", gives=QuestionShown, **TO_CHANGE, given=examples.QUESTION)
    def post(self, request: Request, question_id: UUID) -> Response:
        """It waits for you from now on."""
        found_in(questions_for(self.account), pk=question_id)
        return self.act(question_id, claim_question, by=self.account)


class ReleaseQuestion(Act):
    """Gives a question back."""

    rules = {"POST": Rule(QUESTIONS, CHANGES)}

    @acts("questions_release", "Give a question back", gives=QuestionShown, **TO_CHANGE, given=examples.QUESTION)
    def post(self, request: Request, question_id: UUID) -> Response:
        """Nobody holds it any more; its group keeps it."""
        found_in(questions_for(self.account), pk=question_id)
        return self.act(question_id, release_question, by=self.account)


class AssignQuestion(Act):
    """Hands a question over."""

    rules = {"POST": Rule(QUESTIONS, CHANGES)}

    @acts(
        "questions_assign",
        "Hand a question over",
        takes=Assignee,
        gives=QuestionShown,
        **TO_CHANGE,
        sent=examples.ASSIGNEE,
        given=examples.QUESTION,
    )
    def post(self, request: Request, question_id: UUID) -> Response:
        """To a person, to a group, or to anybody."""
        found_in(questions_for(self.account), pk=question_id)
        return self.act(question_id, reassign_question, to=self.read(Assignee)["to"], by=self.account)


class Approve(Act):
    """Approves work, or that it may begin."""

    rules = {"POST": Rule(QUESTIONS, CHANGES, people_only=True)}

    @acts("approvals_approve", "Approve", gives=QuestionShown, **TO_CHANGE, given=examples.QUESTION)
    def post(self, request: Request, question_id: UUID) -> Response:
        """Never one's own work or request, and never a machine."""
        self.require_answerable(question_id, Question.Kind.APPROVAL)
        by = self.account.get_username()
        return self.act(question_id, answer_question, answer={"approved": True}, by=by, door=DOOR)


class Reject(Act):
    """Sends work back."""

    rules = {"POST": Rule(QUESTIONS, CHANGES, people_only=True)}

    @acts(
        "approvals_reject",
        "Reject, with notes",
        takes=Rejection,
        gives=QuestionShown,
        **TO_CHANGE,
        sent=examples.REJECTION,
        given=examples.QUESTION,
    )
    def post(self, request: Request, question_id: UUID) -> Response:
        """The notes go to the worker, who does it again."""
        self.require_answerable(question_id, Question.Kind.APPROVAL)
        answer = {"approved": False, "notes": self.read(Rejection)["notes"]}
        return self.act(question_id, answer_question, answer=answer, by=self.account.get_username(), door=DOOR)


# -- helpers ---------------------------------------------------------------------------------------
def seen_by(user: User) -> QuerySet[Question]:
    """The questions that the account may see, as they are shown."""
    holding = Prefetch("blockings", to_attr="holding")
    return questions_for(user).select_related("answer", "assigned_to").prefetch_related(holding)


def wanted(user: User, asked: dict[str, Any]) -> QuerySet[Question]:
    """Of the questions that the account may see, those that are asked for."""
    found = seen_by(user)
    whose = asked.pop("whose", "")
    if whose:
        found = found.filter(status=QuestionStatus.OPEN)
    if whose == "mine":
        found = found.filter(mine(user))
    elif whose in ("groups", "waiting"):
        found = found.filter(of_my_groups(user) | mine(user) if whose == "waiting" else of_my_groups(user))
    return found.filter(**{"project_id" if name == "project" else name: value for name, value in asked.items()})
