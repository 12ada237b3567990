"""The page for a sign-in at the single sign-on that did not succeed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def sso_refused(request: HttpRequest, words: str, *, status: int = 403) -> HttpResponse:
    """Return the page that says why, with the way back to the sign-in page."""
    return render(request, "accounts/sso_refused.html", {"words": words}, status=status)
