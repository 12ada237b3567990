"""Errors in the shape of RFC 7644, section 3.12: the status as a text, a type for programs, words for people."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from accounts.rank import AccountRefused
from api.problems import DATABASE_RETRY_SECONDS, Refused
from events.isolation import DATABASE_AWAY
from scim import urns


class ScimError(Exception):
    """A request that is refused; `kind` is one of SCIM's types of errors, "" for none."""

    def __init__(self, words: str, *, kind: str = "", status: int = 400) -> None:
        super().__init__(words)
        self.status, self.kind = status, kind


def error_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the response for an error; None for an unexpected one, which becomes a 500."""
    if isinstance(error, ScimError):
        return response(error.status, str(error), kind=error.kind)
    if isinstance(error, Http404):
        return response(404, _("There is no such person or group."))
    if isinstance(error, AccountRefused):
        return response(403, str(error))
    if isinstance(error, ValidationError):
        is_taken = any(fault.code == "unique" for fault in faults_of(error))
        words = " ".join(error.messages)
        return response(409, words, kind="uniqueness") if is_taken else response(400, words, kind="invalidValue")
    if isinstance(error, IntegrityError):
        return response(409, _("Another request made the same at the same moment."), kind="uniqueness")
    if isinstance(error, DATABASE_AWAY):
        words = _("The database cannot be used at the moment. Send the same request again in a few seconds.")
        return response(503, words, **{"Retry-After": str(DATABASE_RETRY_SECONDS)})
    if isinstance(error, Refused):
        return response(error.code, error.words)
    return framework_response(error) if isinstance(error, APIException) else None


def faults_of(error: ValidationError) -> list[ValidationError]:
    """Return the single faults of the error."""
    if hasattr(error, "error_dict"):
        return [fault for faults in error.error_dict.values() for fault in faults]
    return list(error.error_list)


def framework_response(error: APIException) -> Response:
    """Return the response for an error of Django REST framework, with the headers that tell what to do."""
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(max(1, int(wait + 0.999)))
    kind = "invalidSyntax" if error.default_code == "parse_error" else ""
    return response(error.status_code, str(error.detail), kind=kind, **headers)


def response(status: int, words: str, *, kind: str = "", **headers: str) -> Response:
    """Return an error response."""
    body = {"schemas": [urns.ERROR], "status": str(status), "detail": words}
    return Response(body | ({"scimType": kind} if kind else {}), status=status, headers=headers)
