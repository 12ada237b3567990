"""The page of one question: why it is asked, and the form to answer it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.people import signed_in_person
from backlog.flow.orchestration import project_work
from clarifications.admin.question_page import request_background
from clarifications.errors import AlreadyClosed, ClarificationError
from clarifications.forms.answer_form import AnswerForm
from clarifications.models import Question, QuestionStatus
from clarifications.selectors import items_waiting_for, question_in
from clarifications.services import answer_question
from clarifications.wording import answer_in_words, question_title
from portal.selectors import questions_to_answer, readable_questions


class QuestionPage(LoginRequiredMixin, View):
    """The question, with a form while the question is open and waits for this person."""

    http_method_names = ["get", "head", "post", "again"]
    takes_files = True

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Return the page. Raises Http404 unless the person may see the question."""
        question = self.question(pk)
        return self.page(question, AnswerForm(question))

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Submit the answer and redirect to the project, or return the page with the errors.

        Raises PermissionDenied if the question waits for another person or the form cannot hold its answer.
        """
        question = self.question(pk)
        form = AnswerForm(question, request.POST, request.FILES)
        if question.status != QuestionStatus.OPEN:
            return self.too_late(pk, form)
        if form.needs_json or not self.may_answer(question):
            raise PermissionDenied(_("You may not answer this question: it waits for another person."))
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
            "title": question_title(question)
        }
        messages.success(request, words)
        return redirect("portal:project", pk=question.project_id)

    def again(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Return the form with the typed text, without submitting it."""
        question, form = self.question(pk), AnswerForm(self.question(pk), request.POST).unjudged()
        return self.page(question, form) if question.status == QuestionStatus.OPEN else self.too_late(pk, form)

    def answer(self, question: Question, form: AnswerForm) -> None:
        """Submit the form's answer to the service. Raises ClarificationError if the service refuses it."""
        by = signed_in_person(self.request).get_username()
        with project_work() as work:
            locked = question_in(work, question.pk)
            answer_question(work, question=locked, answer=form.answer(), by=by, door="web")

    def question(self, pk: UUID) -> Question:
        """Return the question. Raises Http404 unless the person may see it."""
        question: Question = get_object_or_404(readable_questions(signed_in_person(self.request)), pk=pk)
        return question

    def may_answer(self, question: Question) -> bool:
        """Return True if the question waits for this person."""
        return questions_to_answer(signed_in_person(self.request)).filter(pk=question.pk).exists()

    def too_late(self, pk: UUID, form: AnswerForm) -> HttpResponse:
        """Return the page (status 409) with the accepted answer and the one that this person entered too late."""
        values = [(field.label, field.value()) for field in form]
        return self.page(self.question(pk), form, status=409, too_late=True, entered=values)

    def page(self, question: Question, form: AnswerForm, *, status: int = 200, **more: Any) -> HttpResponse:
        """Return the page with the form, or with the answer that closed the question; `more` extends the context."""
        is_open = question.status == QuestionStatus.OPEN
        answer = getattr(question, "answer", None)
        context = {
            "question": question,
            "title": question_title(question),
            "form": form if is_open and not form.needs_json and self.may_answer(question) else None,
            "needs_json": form.needs_json,
            "forms": [form],
            "is_open": is_open,
            "answer": answer,
            "value": answer_in_words(question, answer.value) if answer else "",
            "items": items_waiting_for(question),
            "background": request_background(question),
        }
        return render(self.request, "portal/question.html", {**context, **more}, status=status)
