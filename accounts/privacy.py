"""Keeps pages of signed-in people out of the browser's cache."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class PrivacyMiddleware:
    """Forbids caching of the pages of signed-in people: after the sign-out, the back button shows none of them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the response; an HTML page for a signed-in person must not be stored."""
        response = self.get_response(request)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if is_page and request.user.is_authenticated:
            response.headers["Cache-Control"] = "no-store, private"
        return response
