"""The response to a form that fails the CSRF check: the person's typed text must not be lost."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import resolve

from accounts.signing_in_again import page_with_typed_text, sign_in_page_with
from accounts.typed_text import TypedText, can_show_again, change_into_show_again, names_of_files, nothing_sent_message
from intake.uploads import knows_sender_itself


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Return the form again with the typed text, if it came without its CSRF token or cookie. Nothing is changed.

    The text is not shown if the form does not come from one of Interlock's pages, or if another account typed it.
    """
    typed, packed = TypedText.of(request), TypedText.packed_in(request)
    if packed and packed.is_of(request.user):
        return page_with_typed_text(request, packed)
    if text := packed or typed:
        if not request.user.is_authenticated:
            return sign_in_page_with(request, text)
        if text.is_of(request.user) and not packed:
            return form_again(request, text)
    if is_from_answer_link(request):
        return form_again(request, None)
    return render(request, "403_csrf.html", status=403)


def is_from_answer_link(request: HttpRequest) -> bool:
    """Return True if the address itself identifies the sender, and the form was sent from the same site."""
    match = resolve(request.path_info)
    is_own = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    return is_own and knows_sender_itself(getattr(match.func, "view_class", None), match.kwargs)


def form_again(request: HttpRequest, typed: TypedText | None) -> HttpResponseBase:
    """Return the page's form with the typed text (status 403); only the text if the page cannot show its form again."""
    match = resolve(request.path_info)
    if typed is not None and not can_show_again(match):
        return page_with_typed_text(request, typed)
    change_into_show_again(request, nothing_sent_message(names_of_files(request)))
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    response.status_code = 403
    return response
