"""Keeps what signed-in people and keys are shown out of caches."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class PrivacyMiddleware:
    """Forbids caching of what an account is shown: after the sign-out, the back button shows none of it.

    An answer to a key may say by itself that it is private, as those of REST do: a program may keep it, no browser may.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the response; what is for an account is stored by nobody but a program that came with its key."""
        response = self.get_response(request)
        if not request.user.is_authenticated:
            return response
        may_be_kept = getattr(request.user, "key", None) and "private" in response.headers.get("Cache-Control", "")
        if not may_be_kept:
            response.headers["Cache-Control"] = "no-store, private"
        return response
