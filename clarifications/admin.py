"""Questions for staff: read what is asked and why, answer it, or decline it."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from backlog.admin import ProjectAdmin
from backlog.models import Item, Project
from backlog.project_page import standing
from clarifications.errors import InvalidAnswer, NotesMissing, OwnApproval
from clarifications.forms import AnswerForm
from clarifications.models import Answer, Question, QuestionStatus
from clarifications.selectors import question_in
from clarifications.services import answer_question, decline_question
from events.admin_pages import DetailAdmin, ReasonForm, listed, pretty
from events.errors import PermanentError
from events.work import unit_of_work

admin.site.unregister(Project)


@admin.register(Project)
class ProjectWithQuestionsAdmin(ProjectAdmin):
    """A project's page with its questions."""

    def detail(self, request: HttpRequest, obj: Project) -> dict[str, Any]:
        """Everything that is known of the project, and what was asked about it."""
        asked = Question.objects.filter(project=obj).select_related("answer").order_by("asked_at")
        return {**super().detail(request, obj), "questions": asked}


@admin.register(Question)
class QuestionAdmin(DetailAdmin):
    """Questions, open ones first, the most urgent on top."""

    detail_template = "admin/clarifications/question/detail.html"
    list_display = ["title", "project", "status", "blocked_items", "due_at", "asked_by"]
    list_filter = ["status", "kind"]
    list_select_related = ["project"]
    search_fields = ["title", "field", "asked_by", "project__title"]
    search_help_text = "A part of the title, the field, who asked, or the project's title, or the whole id."
    ordering = [Case(When(status=QuestionStatus.OPEN, then=Value(0)), default=Value(1)), "due_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        """With what it blocks, for the questions of the page alone."""
        found: QuerySet[Question] = super().get_queryset(request)
        return found.select_related("project").prefetch_related("blockings")

    @admin.display(description="blocked items")
    def blocked_items(self, question: Question) -> int:
        return len(question.blockings.all())

    def detail(self, request: HttpRequest, obj: Question) -> dict[str, Any]:
        """What is asked, what it holds back, and its answer or the forms to give one."""
        answer = Answer.objects.filter(question=obj).first()
        items = Item.objects.filter(blockings__question=obj).order_by("position")
        return {
            "is_open": obj.status == QuestionStatus.OPEN,
            "items": [(item, standing(item)) for item in items],
            "answer": answer,
            "answer_value": pretty(answer.value) if answer else "",
            "answer_form": AnswerForm(obj),
            "decline_form": ReasonForm(prefix="decline"),
        }

    def act(self, request: HttpRequest, obj: Question) -> HttpResponse:
        """Answer or decline, as the button says."""
        if "decline" in request.POST:
            return self.decline(request, obj)
        return self.answer(request, obj)

    def answer(self, request: HttpRequest, question: Question) -> HttpResponse:
        """Have the answer accepted, or show on the form why it is not."""
        form = AnswerForm(question, request.POST)
        if not form.is_valid():
            return self.page(request, question, answer_form=form)
        by = request.user.get_username()
        try:
            with unit_of_work() as work:
                found = question_in(work, question.pk)
                answer_question(work, question=found, answer=form.answer(), by=by, door="admin")
        except (InvalidAnswer, OwnApproval, NotesMissing) as error:
            form.refuse(error)
            return self.page(request, question, answer_form=form)
        except PermanentError as error:
            return self.refused(request, question, error)
        return self.settled(request, f"“{found.title}” is answered.", found.blocked)

    def decline(self, request: HttpRequest, question: Question) -> HttpResponse:
        """Have the question declined for a reason."""
        form = ReasonForm(request.POST, prefix="decline")
        if not form.is_valid():
            return self.page(request, question, decline_form=form)
        try:
            with unit_of_work() as work:
                found = question_in(work, question.pk)
                decline_question(
                    work, question=found, by=request.user.get_username(), reason=form.cleaned_data["reason"]
                )
        except PermanentError as error:
            return self.refused(request, question, error)
        return self.settled(request, f"“{found.title}” is declined.", found.blocked)

    def refused(self, request: HttpRequest, question: Question, error: PermanentError) -> HttpResponse:
        """Back to the question as it is now, with what stood in the way."""
        self.message_user(request, str(error), messages.ERROR)
        return HttpResponseRedirect(reverse("admin:clarifications_question_change", args=[question.pk]))

    def settled(self, request: HttpRequest, words: str, items: list[Item]) -> HttpResponse:
        """Back to the list, with what becomes of the items that waited."""
        in_order = sorted(items, key=lambda item: item.position)
        now = listed([f"{item.title} – {standing(item).lower()}" for item in in_order])
        self.message_user(request, f"{words} Now: {now}." if items else words, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:clarifications_question_changelist"))
