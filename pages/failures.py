"""The page for a request that failed unexpectedly: it says whether the database was away, or the code was at fault."""

import sys

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views.defaults import server_error

from events.isolation import DATABASE_AWAY

# After so many seconds a browser or a monitor may ask again.
RETRY_SECONDS = 5


def failure_page(request: HttpRequest) -> HttpResponse:
    """Return the page for the error that is being handled: 503 while the database is away, else 500.

    Neither page asks the database, and neither knows the reader's language: each says it in all of them.
    """
    if not isinstance(sys.exc_info()[1], DATABASE_AWAY):
        return server_error(request)
    page = HttpResponse(loader.get_template("503.html").render(), status=503)
    page["Retry-After"] = str(RETRY_SECONDS)
    page["Cache-Control"] = "no-store"
    return page
