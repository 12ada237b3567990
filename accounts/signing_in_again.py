"""Keeps the text of a form that is sent after the session has ended, through the sign-in and back to the form."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from accounts.typed_text import TYPED_AGAIN_FIELD, TypedText, change_into_show_again, nothing_sent_message

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class TypedTextMiddleware:
    """Middleware that shows the sign-in page, with the typed text in it, for a form that is sent without a session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response, or the sign-in page with the typed text in place of a redirect to it."""
        response = self.get_response(request)
        if request.method != "POST" or request.user.is_authenticated or not is_sent_to_sign_in(response):
            return response
        typed = TypedText.of(request)
        return sign_in_page_with(request, typed) if typed else response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Change the request method of a form that comes back from the sign-in page, so that no view processes it."""
        is_form = request.method == "POST" and request.content_type in FORMS
        if is_form and not getattr(view, "csrf_exempt", False) and TYPED_AGAIN_FIELD in request.POST:
            change_into_show_again(request, nothing_sent_message(request.POST.getlist(TYPED_AGAIN_FIELD)))


def is_sent_to_sign_in(response: HttpResponseBase) -> bool:
    """Return True if the response is a redirect to a sign-in page."""
    paths = (reverse("sign-in"), reverse("admin:login"))
    return isinstance(response, HttpResponseRedirect) and urlsplit(response.url).path in paths


def sign_in_page_with(request: HttpRequest, typed: TypedText) -> HttpResponse:
    """Return the sign-in page, with the typed text in a hidden field."""
    context = {"form": AuthenticationForm(request), "next": typed.path, "typed": typed}
    response = render(request, "accounts/sign_in.html", context)
    response["Cache-Control"] = "no-store, private"
    return response


def page_with_typed_text(request: HttpRequest, typed: TypedText) -> HttpResponse:
    """Return the page that leads back to the form with the typed text, or shows the text for copying."""
    return render(request, "accounts/typed_again.html", {"typed": typed})
