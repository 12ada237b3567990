"""Admin pages for questions: the inbox, and a question's page with forms to answer, assign or decline it."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.people import signed_in_person
from backlog.flow.orchestration import project_work
from backlog.models import Item
from backlog.state_words import state_in_words
from clarifications.admin import inbox, question_page
from clarifications.assignment import claim_question, reassign_question, release_question
from clarifications.errors import AlreadyApproved, InvalidAnswer, NotApprover, NotesMissing, OwnApproval
from clarifications.forms.answer_form import AnswerForm
from clarifications.models import Answer, Question, QuestionStatus
from clarifications.selectors import (
    is_only_for_others,
    items_waiting_for,
    question_in,
    waiting_questions,
)
from clarifications.services import answer_question, decline_question
from clarifications.standing_in import holders_in_words
from clarifications.votes import named_approvals, settled_words
from clarifications.wording import question_title
from events.errors import PermanentError
from pages.admin_pages import MOST_NAMED, DetailAdmin, ReasonForm, act_on_each, json_as_html, names_in_one_line
from pages.presentation import ago, state_word, translated


class QuestionAdmin(DetailAdmin):
    """The inbox and the page of a question."""

    detail_template = "admin/clarifications/question/detail.html"
    shows_typed_text = True
    change_list_template = "admin/clarifications/question/inbox.html"
    list_display = ["spoken_title", "of_request", "standing", "waits_for", "asked", "due", "waiting_items"]
    list_filter = [inbox.WhoseFilter]
    linked_fields = ("due_at", "asked_at", "assigned_to", "assigned_group")
    search_fields = ["title", "field", "asked_by", "project__title"]
    search_help_text = gettext_lazy(
        "A part of the title, the field, who asked, or the project's title, or the whole id."
    )
    nothing_yet = gettext_lazy("No question waits for you. New questions appear here by themselves.")
    actions = ["claim_questions", "release_questions", "answer_together"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        """Return the organisation's questions with all that a row shows: three queries for a page of any length."""
        questions: QuerySet[Question] = (
            super().get_queryset(request).defer("schema", "description").annotate(title_phrase=F("schema__x_phrase"))
        )
        return questions.select_related("project", "assigned_to").prefetch_related("blockings")

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return inbox.ordering_of_tab(request)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[inbox.Inbox]:
        return inbox.Inbox

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Inbox"), **(extra_context or {})})

    # -- columns -----------------------------------------------------------------------------------
    @admin.display(description=gettext_lazy("question"))
    def spoken_title(self, question: Question) -> str:
        return question_title(question)

    @admin.display(description=gettext_lazy("request"), ordering="project__title")
    def of_request(self, question: Question) -> str:
        """Return the project's title and its requester, since many questions have the same title."""
        project = question.project
        return f"{project.title} · {project.requester}" if project.requester else project.title

    @admin.display(description=gettext_lazy("state"))
    def standing(self, question: Question) -> SafeString:
        return state_word(question.status, question.get_status_display())

    @admin.display(description=gettext_lazy("waits for"))
    def waits_for(self, question: Question) -> str:
        return inbox.holder_in_words(question)

    @admin.display(description=gettext_lazy("asked"))
    def asked(self, question: Question) -> SafeString:
        return ago(question.asked_at)

    @admin.display(description=gettext_lazy("due"))
    def due(self, question: Question) -> SafeString:
        return inbox.due_in_words(question)

    @admin.display(description=gettext_lazy("items that wait"))
    def waiting_items(self, question: Question) -> int:
        return len(question.blockings.all())

    # -- actions on several questions --------------------------------------------------------------
    @admin.action(description=gettext_lazy("Assign to me"), permissions=["act"])
    def claim_questions(self, request: HttpRequest, queryset: QuerySet[Question]) -> None:
        act_on_each(
            self, request, queryset, in_project_work(claim_question, by=request.user), done=_("Assigned to you")
        )

    @admin.action(description=gettext_lazy("Unassign"), permissions=["act"])
    def release_questions(self, request: HttpRequest, queryset: QuerySet[Question]) -> None:
        act_on_each(self, request, queryset, in_project_work(release_question, by=request.user), done=_("Unassigned"))

    @admin.action(description=gettext_lazy("Answer equal questions together"), permissions=["act"])
    def answer_together(self, request: HttpRequest, queryset: QuerySet[Question]) -> HttpResponse | None:
        """Show one form for questions with the same field, schema and kind, then answer each of them with its value."""
        chosen = list(queryset.defer(None))
        if not chosen:
            self.message_user(request, _("None of the chosen questions is there any more."), messages.ERROR)
            return None
        first = chosen[0]
        if any((q.field, q.schema, q.kind) != (first.field, first.schema, first.kind) for q in chosen):
            words = _("These questions do not ask the same: choose questions about one field only.")
            self.message_user(request, words, messages.ERROR)
            return None
        form = AnswerForm(first, request.POST, request.FILES)
        if form.is_filled_in:
            return self.together_page(request, chosen, form.unjudged())
        if "answer_question" not in request.POST:
            return self.together_page(request, chosen, AnswerForm(first))
        if not form.fits():
            return self.together_page(request, chosen, form)
        arguments = {"answer": form.answer(), "by": request.user.get_username(), "door": "admin"}
        act_on_each(self, request, queryset, in_project_work(answer_question, **arguments), done=_("Answered"))
        return None

    def together_page(self, request: HttpRequest, chosen: list[Question], form: AnswerForm) -> TemplateResponse:
        """Return the page with one form for all chosen questions."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Answer equal questions together"),
            "form": form,
            "selected": request.POST.getlist("_selected_action"),
            "chosen": chosen[:MOST_NAMED],
            "chosen_count": len(chosen),
        }
        return TemplateResponse(request, "admin/clarifications/question/together.html", context)

    # -- a question's page -------------------------------------------------------------------------
    def detail(self, request: HttpRequest, obj: Question) -> dict[str, Any]:
        """Return the context of the question's page."""
        answer = Answer.objects.filter(question=obj).first()
        suggested = question_page.suggestions(obj, signed_in_person(request))
        obj.away = holders_in_words([obj], signed_in_person(request)).get(obj.pk, "")
        return {
            "title": question_title(obj),
            "is_open": obj.status == QuestionStatus.OPEN,
            "items": items_waiting_for(obj),
            "answer": answer,
            "answer_value": json_as_html(answer.value) if answer else "",
            "answer_form": AnswerForm(obj, suggested=chosen_suggestion(request, suggested)),
            "decline_form": ReasonForm(prefix="decline"),
            "waits_for": inbox.holder_in_words(obj),
            "due": inbox.due_in_words(obj),
            "suggestions": suggested,
            "background": question_page.request_background(obj),
            "approval": question_page.approval_evidence(obj),
            "approvals": named_approvals(obj),
            "assignees": question_page.assignees(obj),
        }

    def act(self, request: HttpRequest, obj: Question) -> HttpResponse:
        """Carry out the action of the button that was pressed. Raises PermissionDenied."""
        if is_only_for_others(signed_in_person(request), obj):
            raise PermissionDenied
        acts = {"decline": self.decline, "claim": self.claim, "release": self.release, "reassign": self.reassign}
        act = next((acts[name] for name in acts if name in request.POST), self.answer)
        return act(request, obj)

    def again(self, request: HttpRequest, obj: Question) -> HttpResponse:
        """Return the page with what was typed, without submitting it."""
        if "decline" in request.POST:
            return self.page(request, obj, decline_form=ReasonForm(request.POST, prefix="decline"))
        return self.page(request, obj, answer_form=AnswerForm(obj, request.POST).unjudged())

    def answer(self, request: HttpRequest, question: Question) -> HttpResponse:
        """Submit the answer; show on the form why it was refused."""
        form = AnswerForm(question, request.POST, request.FILES)
        if form.is_filled_in:
            return self.page(request, question, answer_form=form.unjudged())
        if not form.is_valid():
            return self.page(request, question, answer_form=form)
        by = request.user.get_username()
        try:
            with project_work() as work:
                locked = question_in(work, question.pk)
                answer_question(work, question=locked, answer=form.answer(), by=by, door="admin")
        except (InvalidAnswer, OwnApproval, NotApprover, AlreadyApproved, NotesMissing) as error:
            form.refuse(error)
            return self.page(request, question, answer_form=form)
        except PermanentError as error:
            return self.redirect_refused(request, question, error)
        words = settled_words(locked, _("“%(title)s” is answered.") % {"title": question_title(locked)})
        return self.redirect_settled(
            request, words, locked.blocked, go_on=request.POST.get("answer_question") == "next"
        )

    def decline(self, request: HttpRequest, question: Question) -> HttpResponse:
        """Decline the question with the reason in the form."""
        form = ReasonForm(request.POST, prefix="decline")
        if not form.is_valid():
            return self.page(request, question, decline_form=form)
        by = request.user.get_username()
        try:
            with project_work() as work:
                locked = question_in(work, question.pk)
                decline_question(work, question=locked, by=by, reason=form.cleaned_data["reason"])
        except PermanentError as error:
            return self.redirect_refused(request, question, error)
        words = _("“%(title)s” is declined.") % {"title": question_title(locked)}
        return self.redirect_settled(request, words, locked.blocked)

    def claim(self, request: HttpRequest, question: Question) -> HttpResponse:
        """Assign the question to the user."""
        return self.change_assignment(request, question, in_project_work(claim_question, by=request.user))

    def release(self, request: HttpRequest, question: Question) -> HttpResponse:
        """Remove the question's assigned person."""
        return self.change_assignment(request, question, in_project_work(release_question, by=request.user))

    def reassign(self, request: HttpRequest, question: Question) -> HttpResponse:
        """Assign the question to the person or group that was chosen."""
        to = request.POST.get("to", "")
        return self.change_assignment(request, question, in_project_work(reassign_question, to=to, by=request.user))

    def change_assignment(
        self, request: HttpRequest, question: Question, act: Callable[[Question], Question]
    ) -> HttpResponse:
        """Call the service that changes the assignment, and redirect to the question's page."""
        try:
            changed = act(question)
        except PermanentError as error:
            return self.redirect_refused(request, question, error)
        self.message_user(
            request,
            _("The question now waits for %(who)s.") % {"who": inbox.holder_in_words(changed)},
            messages.SUCCESS,
        )
        return HttpResponseRedirect(page_address(question))

    def redirect_refused(self, request: HttpRequest, question: Question, error: PermanentError) -> HttpResponse:
        """Redirect to the question's page and show why nothing was changed."""
        self.message_user(request, str(error), messages.ERROR)
        return HttpResponseRedirect(page_address(question))

    def redirect_settled(
        self, request: HttpRequest, words: str, items: list[Item], *, go_on: bool = False
    ) -> HttpResponse:
        """Redirect to the list, or with `go_on` to the next question, and show the states of the items that waited."""
        in_order = sorted(items, key=lambda item: item.position)
        states = names_in_one_line([f"{translated(item.title)} – {state_in_words(item).lower()}" for item in in_order])
        words = _("%(words)s Now: %(now)s.") % {"words": words, "now": states} if items else words
        self.message_user(request, words, messages.SUCCESS)
        waiting = waiting_questions(signed_in_person(request))
        following = waiting.order_by("due_at", "id").first() if go_on else None
        return HttpResponseRedirect(
            page_address(following) if following else reverse("admin:clarifications_question_changelist")
        )


def chosen_suggestion(
    request: HttpRequest, suggested: list[question_page.Suggestion]
) -> question_page.Suggestion | None:
    """Return the earlier answer in `?from=` that the form starts from, or None."""
    chosen = request.GET.get("from")
    return next((s for s in suggested if str(s.question_id) == chosen), None)


def page_address(question: Question) -> str:
    """Return the address of the question's page."""
    return reverse("admin:clarifications_question_change", args=[question.pk])


def in_project_work(service: Callable[..., Question], **arguments: Any) -> Callable[[Question], Question]:
    """Return a function that calls the service on a question in a unit of work of its own."""

    def act(question: Question) -> Question:
        with project_work() as work:
            return service(work, question=question_in(work, question.pk), **arguments)

    return act
