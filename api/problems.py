"""Turns every error into a problem document (RFC 9457): a type, words, and JSON Pointers to the faulty parts."""

import logging
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import IntegrityError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.response import Response

from accounts.keys import NoSuchKey
from accounts.rank import AccountHasMoreRights
from api.refusals import record_refused_decision
from backlog import errors as backlog
from clarifications import errors as clarifications
from events import errors as events
from events.artifacts import ArtifactMissing, StorageFull
from events.deadletters import AlreadySettled, NotReplayable, OtherSender
from events.isolation import DATABASE_AWAY
from events.lifecycle import IllegalTransition
from intake.admission import NoRoomInQuota, TooLarge
from intake.spreadsheets.places import AGAIN_SECONDS
from intake.spreadsheets.sheet import Busy, Dangerous, Unreadable
from reports import sharing
from reports.exports import errors as exports
from schemas.lint import BadSchema
from schemas.registry import UnknownSchema
from schemas.restricted import SchemaRefused
from schemas.strict_json import InvalidJson
from webhooks import errors as webhooks

logger = logging.getLogger(__name__)

TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
# A database that is started again answers after about this time.
DATABASE_RETRY_SECONDS = 5
MEDIA_TYPE = "application/problem+json"
Fault = tuple[str, str]  # JSON Pointer into the body, message


class Refused(Exception):
    """A request that an endpoint itself refuses: HTTP status, problem name, words, and faults in the body.

    `more` are further members of the problem document.
    """

    def __init__(self, code: int, name: str, words: str, *, faults: Sequence[Fault] = (), **more: Any) -> None:
        super().__init__(words)
        self.code, self.name, self.words, self.faults, self.more = code, name, words, faults, more
        self.headers: dict[str, str] = {}


# Error class of the services → HTTP status and problem name. Subclasses without an entry have that of their parent.
STATUS_AND_NAME: dict[type[Exception], tuple[int, str]] = {
    backlog.UnknownProject: (404, "not-found"),
    backlog.UnknownItem: (404, "not-found"),
    backlog.UnknownTemplate: (422, "unknown-template"),
    backlog.InvalidTemplate: (422, "invalid-template"),
    backlog.ProjectExists: (409, "project-exists"),
    backlog.ProjectArchived: (409, "project-archived"),
    backlog.QuotaReached: (403, "quota-reached"),
    backlog.ItemNotReady: (409, "item-not-ready"),
    backlog.StaleLease: (409, "stale-lease"),
    backlog.OwnWork: (403, "own-work"),
    backlog.ForbiddenContext: (422, "forbidden-context"),
    backlog.PersonNeeded: (403, "person-needed"),
    backlog.ApprovalOpen: (409, "approval-open"),
    backlog.ReasonMissing: (422, "reason-missing"),
    # 409 and not 202: a program that knows nothing of the second person must not take the act for done.
    backlog.SecondPersonNeeded: (409, "second-person-needed"),
    backlog.BacklogError: (409, "refused"),
    clarifications.UnknownQuestion: (404, "not-found"),
    clarifications.InvalidAnswer: (422, "invalid-answer"),
    clarifications.AlreadyClosed: (409, "already-closed"),
    clarifications.AlreadyClaimed: (409, "already-claimed"),
    clarifications.UnknownAssignee: (422, "unknown-assignee"),
    clarifications.NotEntitled: (403, "not-entitled"),
    clarifications.OwnApproval: (403, "own-approval"),
    clarifications.NotApprover: (403, "not-approver"),
    clarifications.AlreadyApproved: (409, "already-approved"),
    clarifications.OwnQuestion: (403, "own-question"),
    clarifications.NotesMissing: (422, "notes-missing"),
    clarifications.LinkRefused: (403, "link-refused"),
    clarifications.ClarificationError: (409, "refused"),
    webhooks.InvalidUrl: (422, "invalid-url"),
    webhooks.RefusedAddress: (422, "refused-address"),
    webhooks.UnknownTypes: (422, "unknown-types"),
    webhooks.UnseenProject: (422, "unknown-project"),
    webhooks.EndpointDisabled: (409, "webhook-disabled"),
    webhooks.EndpointEnded: (409, "webhook-ended"),
    webhooks.TooManyEndpoints: (409, "too-many-webhooks"),
    webhooks.NotWaiting: (409, "delivery-not-waiting"),
    webhooks.KeyTooNarrow: (403, "scope-missing"),
    webhooks.WebhookError: (409, "refused"),
    IllegalTransition: (409, "illegal-transition"),
    AlreadySettled: (409, "already-settled"),
    NotReplayable: (409, "not-replayable"),
    OtherSender: (403, "other-speaker"),
    events.InvalidEvent: (422, "invalid-event"),
    events.ContractBroken: (422, "contract-broken"),
    events.UnknownEventType: (422, "unknown-event-type"),
    events.ConflictingEvent: (409, "conflicting-event"),
    events.TooManyAttempts: (409, "given-up"),
    events.BuriedElsewhere: (409, "given-up"),
    events.NotAdmitted: (403, "not-admitted"),
    events.BrokerUnfit: (503, "broker-unfit"),
    ArtifactMissing: (404, "artifact-missing"),
    StorageFull: (503, "storage-full"),
    NoSuchKey: (409, "key-ended"),
    AccountHasMoreRights: (403, "account-above"),
    InvalidJson: (422, "invalid-json"),
    SchemaRefused: (422, "schema-refused"),
    BadSchema: (422, "schema-refused"),
    UnknownSchema: (404, "unknown-schema"),
    Unreadable: (422, "unreadable-file"),
    NoRoomInQuota: (403, "quota-reached"),
    TooLarge: (413, "file-too-large"),
    Dangerous: (422, "dangerous-file"),
    Busy: (503, "busy"),
    exports.NothingDelivered: (409, "nothing-delivered"),
    exports.ExportUnavailable: (501, "export-unavailable"),
    exports.ExportBusy: (503, "busy"),
    exports.ExportFailed: (503, "export-failed"),
    exports.ExportRefused: (409, "refused"),
    sharing.SharingNotAllowed: (403, "sharing-not-allowed"),
    sharing.TooManyLinks: (409, "too-many-links"),
    sharing.InvalidLifetime: (422, "invalid-lifetime"),
    sharing.UnknownLink: (404, "not-found"),
    sharing.LinkEnded: (410, "link-ended"),
    sharing.SharingRefused: (409, "refused"),
}


def problem_for_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the problem response for an error; None for an unexpected error, which becomes a 500."""
    record_refused_decision(error, context)
    if isinstance(error, Refused):
        return problem_response(error.code, error.name, error.words, error.faults, headers=error.headers, **error.more)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, IntegrityError):
        return problem_response(
            409,
            "conflict",
            _("Another request changed the same object at the same moment: read it again, then decide."),
        )
    elif isinstance(error, DATABASE_AWAY):
        logger.warning("A request could not reach the database: %s", error)
        wait = {"Retry-After": str(DATABASE_RETRY_SECONDS)}
        return problem_response(503, "database-away", database_words(), headers=wait)
    elif isinstance(error, TOO_MUCH):
        return problem_response(
            413, "body-too-large", _("The request has too many parts, or one of them is too large.")
        )
    if isinstance(error, exceptions.APIException):
        return framework_problem(error)
    return service_problem(error)


def framework_problem(error: exceptions.APIException) -> Response:
    """Return the problem response for an error of Django REST Framework."""
    if isinstance(error, exceptions.ValidationError):
        words = _("The request is not valid: `errors` lists each fault.")
        return problem_response(
            status.HTTP_422_UNPROCESSABLE_ENTITY, "invalid-request", words, list(serializer_faults(error.detail))
        )
    headers = {}
    if auth := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(max(1, int(wait + 0.999)))
    name = str(error.default_code).replace("_", "-")
    return problem_response(error.status_code, name, str(error.detail), headers=headers)


def service_problem(error: Exception) -> Response | None:
    """Return the problem response for an error of a service, by its nearest class in MEANING; else None."""
    for error_class in type(error).__mro__:
        if error_class in STATUS_AND_NAME:
            code, name = STATUS_AND_NAME[error_class]
            more = dict(getattr(error, "extra", {}))
            if isinstance(error, IllegalTransition):
                more |= {"state": error.state, "allowed": error.allowed}
            faults = [(f"/answer{pointer}", message) for pointer, message in more.pop("problems", [])]
            passes = isinstance(error, Busy | exports.ExportBusy | StorageFull)
            wait = {"Retry-After": str(AGAIN_SECONDS)} if passes else None
            return problem_response(code, name, str(error), faults, headers=wait, **more)
    return None


def problem_response(
    code: int,
    name: str,
    words: str,
    faults: Sequence[Fault] = (),
    *,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Response:
    """Return the problem response. Programs read its `type`, people its `detail`; `more` are further members."""
    body = problem_document(code, name, words) | more
    if faults:
        body["errors"] = [{"pointer": pointer, "detail": message} for pointer, message in faults]
    return Response(body, status=code, headers=headers, content_type=MEDIA_TYPE)


def problem_document(code: int, name: str, words: str) -> dict[str, Any]:
    """Return the members that every problem document has."""
    return {"type": f"urn:interlock:problem:{name}", "title": title_of(code), "status": code, "detail": words}


def database_words() -> str:
    """Return what a caller reads while the database is away."""
    return _("The database cannot be used at the moment. Send the same request again in a few seconds.")


def title_of(code: int) -> str:
    """Return the standard words of the status, which are the same for every problem with it."""
    return HTTPStatus(code).phrase


def serializer_faults(detail: Any, pointer: str = "") -> Iterator[Fault]:
    """Yield the errors of serializers, each with the JSON Pointer of the field that it is about."""
    if isinstance(detail, dict):
        for key, inner in detail.items():
            below = pointer if key == "non_field_errors" else f"{pointer}/{escaped_token(str(key))}"
            yield from serializer_faults(inner, below)
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            is_message = isinstance(inner, str)
            yield from serializer_faults(inner, pointer if is_message else f"{pointer}/{index}")
    else:
        yield pointer, str(detail)


def escaped_token(key: str) -> str:
    """Return a key escaped as a token of a JSON Pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")
