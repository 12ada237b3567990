"""What a person sees when a form cannot be taken."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import resolve

from accounts.signing_in_again import sign_in_with, typed_again
from accounts.typed_text import TypedText, ask_again, names_of_files, shows_again, words_for
from intake.uploads import may_send_unknown


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """The form again with what was typed, when it came without its token or its cookie: nothing changed.

    Of a form that none of our pages marked, or that another account typed, nothing is shown again.
    """
    typed, packed = TypedText.of(request), TypedText.packed_in(request)
    if packed and packed.is_of(request.user):
        return typed_again(request, packed)
    if found := packed or typed:
        if not request.user.is_authenticated:
            return sign_in_with(request, found)
        if found.is_of(request.user) and not packed:
            return form_again(request, found)
    if is_by_link(request):
        return form_again(request, None)
    return render(request, "403_csrf.html", status=403)


def is_by_link(request: HttpRequest) -> bool:
    """Whether the address itself says who sends, and the form comes from its own page."""
    match = resolve(request.path_info)
    is_own = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    return is_own and may_send_unknown(getattr(match.func, "view_class", None), match.kwargs)


def form_again(request: HttpRequest, typed: TypedText | None) -> HttpResponseBase:
    """The page's form with what was typed, unsent; the text alone where the page cannot show it."""
    match = resolve(request.path_info)
    if typed is not None and not shows_again(match):
        return typed_again(request, typed)
    ask_again(request, words_for(names_of_files(request)))
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    response.status_code = 403
    return response
