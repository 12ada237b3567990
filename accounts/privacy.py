"""Keeps what signed-in people and keys are shown out of caches."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class PrivacyMiddleware:
    """Forbids caching of what an account is shown: after the sign-out, the back button shows none of it.

    An answer that is no page may say by itself that it is private, as those of REST do, which a program may keep.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the response; what is for an account must not be stored by anybody else, and a page by nobody."""
        response = self.get_response(request)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        says_private = "private" in response.headers.get("Cache-Control", "")
        if (is_page or not says_private) and request.user.is_authenticated:
            response.headers["Cache-Control"] = "no-store, private"
        return response
