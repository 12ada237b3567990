"""Answering by a signed link: the link says who answers what, so nobody signs in, and no session begins."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.generic import View

from accounts.models import User
from accounts.preferences import reading_as
from backlog.flow.orchestration import project_work
from clarifications.admin.question_page import background, evidence, waiting_items
from clarifications.errors import ClarificationError, LinkRefused, LinkTampered
from clarifications.forms.answer_form import AnswerForm
from clarifications.mails.links import answer_by_link, holder_of, read_token
from clarifications.models import Question
from clarifications.wording import title_of

# The address is a key: it is kept nowhere and told to no other site. To say it to nobody at all would make
# browsers send `Origin: null` with the form, which the protection against forged forms refuses.
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex, nofollow"}


class AnswerLink(View):
    """What is asked, for whom the link was made for; looking changes nothing, so scanners may look."""

    http_method_names = ["get", "head", "post", "again"]
    takes_files = True

    @staticmethod
    def knows_sender(token: str) -> bool:
        """Whether the link is one that can still be answered by."""
        try:
            read_token(token)
        except LinkRefused:
            return False
        return True

    def dispatch(self, request: HttpRequest, *args: Any, token: str, **kwargs: Any) -> HttpResponseBase:
        """The response in the language and the time zone of the person whom the link was made for."""
        with reading_as(holder_of(token)):
            try:
                response = super().dispatch(request, *args, token=token, **kwargs)
            except LinkRefused as error:
                response = self.refused(error)
        for name, value in HEADERS.items():
            response[name] = value
        return response

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """The page. Raises LinkRefused."""
        question, user = read_token(token)
        return self.page(question, user, AnswerForm(question))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Have the answer accepted and give thanks, or say why it is not. Raises LinkRefused."""
        question, user = read_token(token)
        form = AnswerForm(question, request.POST, request.FILES)
        if form.is_filled_in or form.needs_json:
            return self.page(question, user, form.unjudged())
        if form.is_valid() and self.accepted(token, form):
            return render(request, "portal/answer_link_thanks.html", {"title": title_of(question), "reader": user})
        return self.page(question, user, form)

    def again(self, request: HttpRequest, token: str) -> HttpResponse:
        """The form with what was typed, unsent. Raises LinkRefused."""
        question, user = read_token(token)
        return self.page(question, user, AnswerForm(question, request.POST).unjudged())

    def accepted(self, token: str, form: AnswerForm) -> bool:
        """Whether the service accepted the answer; if not, the form says why. Raises LinkRefused."""
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
        """The form, with what the question's own page tells."""
        shown = {
            "question": question,
            "title": title_of(question),
            "reader": user,
            "form": form,
            "forms": [form],
            "items": waiting_items(question),
            "background": background(question),
            "evidence": evidence(question),
        }
        return render(self.request, "portal/answer_link.html", shown)

    def refused(self, error: LinkRefused) -> HttpResponse:
        """What became of the link: never one of ours, or gone."""
        status = 404 if isinstance(error, LinkTampered) else 410
        return render(self.request, "portal/answer_link_refused.html", {"words": error.message}, status=status)
