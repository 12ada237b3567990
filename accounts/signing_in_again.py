"""The way from a form that nobody is signed in for to the sign-in page, and back to the form with what was typed."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from accounts.typed_text import SHOW, TypedText, ask_again, words_for

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class TypedTextMiddleware:
    """Leads a form that nobody is signed in for to the sign-in page with all that was typed, and back unsent."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The response, or the sign-in page in the place of a redirect to it."""
        response = self.get_response(request)
        if request.method != "POST" or request.user.is_authenticated or not is_sent_to_sign_in(response):
            return response
        typed = TypedText.of(request)
        return sign_in_with(request, typed) if typed else response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Have a form shown that comes from the sign-in page: no view takes it for one that is sent."""
        is_form = request.method == "POST" and request.content_type in FORMS
        if is_form and not getattr(view, "csrf_exempt", False) and SHOW in request.POST:
            ask_again(request, words_for(request.POST.getlist(SHOW)))


def is_sent_to_sign_in(response: HttpResponseBase) -> bool:
    """Whether the response leads to one of the doors of the sign-in page."""
    doors = (reverse("sign-in"), reverse("admin:login"))
    return isinstance(response, HttpResponseRedirect) and urlsplit(response.url).path in doors


def sign_in_with(request: HttpRequest, typed: TypedText) -> HttpResponse:
    """The sign-in page, which keeps what was typed."""
    shown = {"form": AuthenticationForm(request), "next": typed.path, "typed": typed}
    response = render(request, "accounts/sign_in.html", shown)
    response["Cache-Control"] = "no-store, private"
    return response


def typed_again(request: HttpRequest, typed: TypedText) -> HttpResponse:
    """The way back to the form with what was typed; where its page cannot show it, the text to be copied."""
    return render(request, "accounts/typed_again.html", {"typed": typed})
