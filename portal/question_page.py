"""A question about one's own request: why it is asked, and the form to answer it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.people import person
from backlog.flow.orchestration import project_work
from clarifications.admin.question_page import background, in_words, waiting_items
from clarifications.errors import AlreadyClosed, ClarificationError
from clarifications.forms.answer_form import AnswerForm
from clarifications.models import Question, QuestionStatus
from clarifications.selectors import question_in
from clarifications.services import answer_question
from clarifications.wording import title_of
from portal.selectors import readable_questions, to_answer


class QuestionPage(LoginRequiredMixin, View):
    """What is asked, and the form for it while it is open and waits for this person."""

    http_method_names = ["get", "head", "post", "again"]
    takes_files = True

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The page."""
        question = self.question(pk)
        return self.page(question, AnswerForm(question))

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Have the answer accepted, or say why it is not."""
        question = self.question(pk)
        form = AnswerForm(question, request.POST, request.FILES)
        if question.status != QuestionStatus.OPEN:
            return self.too_late(pk, form)
        if form.needs_json or not self.may_answer(question):
            raise PermissionDenied(_("This question waits for another person."))
        if form.is_filled_in:
            return self.page(question, form.unjudged())
        if not form.is_valid():
            return self.page(question, form)
        try:
            self.answer(question, form)
        except AlreadyClosed:
            return self.too_late(pk, form)
        except ClarificationError as error:
            form.refuse(error)
            return self.page(question, form)
        words = _("Thank you: your answer to “%(title)s” is saved. The request continues.") % {
            "title": title_of(question)
        }
        messages.success(request, words)
        return redirect("portal:project", pk=question.project_id)

    def again(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The form with what was typed, unsent."""
        question, form = self.question(pk), AnswerForm(self.question(pk), request.POST).unjudged()
        return self.page(question, form) if question.status == QuestionStatus.OPEN else self.too_late(pk, form)

    def answer(self, question: Question, form: AnswerForm) -> None:
        """Have the service accept it. Raises ClarificationError."""
        by = person(self.request).get_username()
        with project_work() as work:
            found = question_in(work, question.pk)
            answer_question(work, question=found, answer=form.answer(), by=by, door="web")

    def question(self, pk: UUID) -> Question:
        """The question, if the person may see it. Raises Http404."""
        found: Question = get_object_or_404(readable_questions(person(self.request)), pk=pk)
        return found

    def may_answer(self, question: Question) -> bool:
        """Whether it waits for this person."""
        return to_answer(person(self.request)).filter(pk=question.pk).exists()

    def too_late(self, pk: UUID, form: AnswerForm) -> HttpResponse:
        """The question as it is now, with the answer that stands and the one that came too late."""
        values = [(field.label, field.value()) for field in form]
        return self.page(self.question(pk), form, status=409, too_late=True, entered=values)

    def page(self, question: Question, form: AnswerForm, *, status: int = 200, **more: Any) -> HttpResponse:
        """The page: the form, or the answer that closed the question."""
        is_open = question.status == QuestionStatus.OPEN
        answer = getattr(question, "answer", None)
        shown = {
            "question": question,
            "title": title_of(question),
            "form": form if is_open and not form.needs_json and self.may_answer(question) else None,
            "needs_json": form.needs_json,
            "forms": [form],
            "is_open": is_open,
            "answer": answer,
            "value": in_words(answer.value) if answer else "",
            "items": waiting_items(question),
            "background": background(question),
        }
        return render(self.request, "portal/question.html", {**shown, **more}, status=status)
