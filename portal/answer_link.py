"""The page behind a signed link in a mail: the link itself names the person and the question.

The person need not sign in, and no session begins.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.generic import View

from accounts.models import User
from accounts.preferences import preferences_of
from accounts.reach import act_for, unlimited
from backlog.flow.orchestration import project_work
from clarifications.addressees import stand_in_words
from clarifications.admin.question_page import approval_evidence, request_background
from clarifications.errors import ClarificationError, LinkRefused, LinkTampered
from clarifications.forms.answer_form import AnswerForm
from clarifications.mails.links import answer_by_link, person_of_token, read_token
from clarifications.models import Question
from clarifications.selectors import items_waiting_for
from clarifications.votes import named_approvals
from clarifications.wording import question_title

# The address is a secret key: browsers must not cache it or send it to other sites. "no-referrer" would be too strict:
# browsers would then send `Origin: null` with the form, which the CSRF protection refuses.
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex, nofollow"}


class AnswerLink(View):
    """The question and its form, for the person the link was made for.

    GET changes nothing, so that mail scanners may open the link.
    """

    http_method_names = ["get", "head", "post", "again"]
    takes_files = True

    @staticmethod
    def knows_sender(token: str) -> bool:
        """Return True if the link is valid, so that its sender may upload a file."""
        try:
            with unlimited():
                read_token(token)
        except LinkRefused:
            return False
        return True

    def dispatch(self, request: HttpRequest, *args: Any, token: str, **kwargs: Any) -> HttpResponseBase:
        """Return the response in the language and time zone of the person the link was made for."""
        with unlimited():
            request.link_reader = person_of_token(token)  # type: ignore[attr-defined]  # for the audit log
        act_for(request.link_reader)  # type: ignore[attr-defined]
        with preferences_of(request.link_reader):  # type: ignore[attr-defined]
            try:
                response = super().dispatch(request, *args, token=token, **kwargs)
            except LinkRefused as error:
                response = self.refused(error)
        for name, value in HEADERS.items():
            response[name] = value
        return response

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Return the page. Raises LinkRefused."""
        question, user = read_token(token)
        return self.page(question, user, AnswerForm(question))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Submit the answer and thank the person, or show the form with its errors. Raises LinkRefused."""
        question, user = read_token(token)
        form = AnswerForm(question, request.POST, request.FILES)
        if form.is_filled_in or form.needs_json:
            return self.page(question, user, form.unjudged())
        if form.is_valid() and self.try_answer(token, form):
            context = {"title": question_title(question), "reader": user}
            context["approvals"] = named_approvals(Question.objects.get(pk=question.pk))
            return render(request, "portal/answer_link_thanks.html", context)
        return self.page(question, user, form)

    def again(self, request: HttpRequest, token: str) -> HttpResponse:
        """Return the form with the typed text, without submitting it. Raises LinkRefused."""
        question, user = read_token(token)
        return self.page(question, user, AnswerForm(question, request.POST).unjudged())

    def try_answer(self, token: str, form: AnswerForm) -> bool:
        """Submit the answer and return True; if the service refuses it, add its reason to the form and return False.

        Raises LinkRefused.
        """
        try:
            with project_work() as work:
                answer_by_link(work, token=token, answer=form.answer())
        except LinkRefused:
            raise
        except ClarificationError as error:
            form.refuse(error)
            return False
        return True

    def page(self, question: Question, user: User, form: AnswerForm) -> HttpResponse:
        """Return the page with the form and the question's background."""
        context = {
            "question": question,
            "title": question_title(question),
            "reader": user,
            "stands_in": stand_in_words(question, user),
            "form": form,
            "forms": [form],
            "items": items_waiting_for(question),
            "background": request_background(question),
            "evidence": approval_evidence(question),
            "approvals": named_approvals(question),
        }
        return render(self.request, "portal/answer_link.html", context)

    def refused(self, error: LinkRefused) -> HttpResponse:
        """Return the page of a refused link: status 404 if Interlock never made it, 410 if it is no longer valid."""
        status = 404 if isinstance(error, LinkTampered) else 410
        return render(self.request, "portal/answer_link_refused.html", {"words": error.message}, status=status)
