"""What is answered where a request fails outside of its endpoint: REST gets a problem document, a person a page."""

import sys

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _
from django.views import defaults

from api.problems import DATABASE_RETRY_SECONDS, MEDIA_TYPE, database_words, problem_document
from events.isolation import DATABASE_AWAY
from pages.failures import failure_page


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Return the answer to a request that Django itself refuses: it names no host of ours, or its parts are broken."""
    if not is_of_rest(request):
        return defaults.bad_request(request, exception)
    words = _("Interlock cannot read what was sent, and has changed nothing. The log of the web process says why.")
    return problem(400, "bad-request", words)


def failed(request: HttpRequest) -> HttpResponse:
    """Return the answer for the error that is being handled: 503 while the database is away, else 500."""
    if not is_of_rest(request):
        return failure_page(request)
    if isinstance(sys.exc_info()[1], DATABASE_AWAY):
        answer = problem(503, "database-away", database_words())
        answer["Retry-After"] = str(DATABASE_RETRY_SECONDS)
        return answer
    words = _("Interlock has a fault here. Send the same request again once; if it fails again, tell an operator when.")
    return problem(500, "internal-error", words)


def is_of_rest(request: HttpRequest) -> bool:
    """Return True if the address is one of the REST interface."""
    return request.path_info.startswith("/api/")


def problem(code: int, name: str, words: str) -> HttpResponse:
    """Return the problem document as an answer that nobody keeps."""
    answer = JsonResponse(problem_document(code, name, words), status=code, content_type=MEDIA_TYPE)
    answer["Cache-Control"] = "no-store"
    return answer
