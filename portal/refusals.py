"""What a person sees when a form cannot be taken."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page for a form that came without its token or its cookie: what happened, and what to do. Nothing changed."""
    return render(request, "403_csrf.html", status=403)
