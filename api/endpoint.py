"""The base class of all endpoints: rules, UTC, ETags, idempotent POSTs, lists by cursor."""

import hashlib
from collections.abc import Callable
from datetime import UTC
from functools import cache
from typing import Any, TypeVar, cast

import orjson
from django.db.models import Model, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder
from rest_framework.views import APIView

from accounts.models import User
from api import idempotency, throttling
from api.openapi import KNOWN_QUERY
from api.paging import FirstPage, Pages
from api.problems import Refused
from api.rules import Rule
from intake.uploads import accept_files

M = TypeVar("M", bound=Model)
Listed = QuerySet[Any, Any] | FirstPage
Shown = type[serializers.BaseSerializer[Any]] | Callable[[list[Any]], list[dict[str, Any]]]
NO_PARAMETER = gettext_lazy("There is no parameter “%(name)s” here: this address takes none.")


class ApiView(APIView):
    """Base class of an endpoint: `rules` says who may call which method."""

    rules: dict[str, Rule] = {}
    # True where files may be uploaded; at any other endpoint no part of an uploaded file is stored.
    takes_files = False
    # Fields of a POST's response that no store may keep, such as the secret part of an address.
    shown_once: tuple[str, ...] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check rules, rate limit and query, and make a POST with an Idempotency-Key take effect once."""
        timezone.activate(UTC)
        try:
            super().initial(request, *args, **kwargs)
        except (NotAuthenticated, AuthenticationFailed, PermissionDenied):
            throttling.count_refusal(throttling.caller_of(request))
            raise
        self.require_known_query(request)
        if self.takes_files:
            accept_files(request._request)
        key = request.headers.get(idempotency.KEY_HEADER, "")
        if request.method == "POST" and key:
            handler: idempotency.Handler = getattr(self, "post")  # noqa: B009  (not every endpoint has one)
            setattr(self, "post", idempotency.run_once(handler, key, self))  # noqa: B010

    def require_known_query(self, request: Request) -> None:
        """Raise Refused for an unknown query parameter.

        If a misspelt filter were ignored, the list would come back without that filter.
        """
        method = "get" if request.method == "HEAD" else str(request.method).lower()
        known = getattr(getattr(self, method, None), KNOWN_QUERY, ())
        unknown = next((name for name in request.query_params if name not in known), None)
        if unknown is None or request.method == "OPTIONS":
            return
        names = {"name": unknown[:100], "known": ", ".join(known)}
        words = _("There is no parameter “%(name)s” here, only: %(known)s.") if known else NO_PARAMETER
        raise Refused(400, "unknown-parameter", str(words) % names)

    def is_slow(self) -> bool:
        """Return True if `prepare` takes long for this request; it then runs outside of any transaction."""
        return False

    def prepare(self) -> Any:
        """Return what a POST needs before it changes anything, such as a parsed file. Writes nothing to a database."""

    def prepared(self) -> Any:
        """Return the result of `prepare`, which runs once for each request."""
        if not hasattr(self, "_prepared"):
            self._prepared = self.prepare()
        return self._prepared

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the headers of cache and rate limit; answer 304 to a reader whose ETag is still current."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        if throttle := request._request.META.get("api.throttle"):
            for name, value in throttle.headers().items():
                response.headers[name] = value
        known = request.headers.get("If-None-Match", "")
        if request.method in ("GET", "HEAD") and known and response.headers.get("ETag") in etags_in(known):
            response.status_code, response.data = 304, None
        return response

    @property
    def account(self) -> User:
        """Return the account that makes the request; the rules admit no request without one."""
        assert isinstance(self.request.user, User)
        return self.request.user

    def read_body(self, serializer: type[serializers.BaseSerializer[Any]]) -> dict[str, Any]:
        """Return the validated body. Raises ValidationError."""
        return validated(serializer, self.request.data)

    def read_query(self, serializer: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """Return the validated query parameters, only those that were given. Raises ValidationError."""
        given = self.request.query_params.dict()
        fields = serializer._declared_fields
        # To make a serializer costs more than to validate with it, and most lists are read without a filter.
        if not given.keys() & fields.keys() and not any(field.required for field in fields.values()):
            return {}
        return validated(serializer, given)

    def page(self, rows: Listed, shown: Shown, *, by: tuple[str, ...]) -> Response:
        """Return one page of the rows, in the order of the fields `by`, of which the last is unique.

        `shown` is the serializer of a row, or a function that makes what is shown of the rows of a page.
        """
        pages = Pages(by)
        found = pages.paginate_queryset(rows, self.request, view=self)
        if isinstance(shown, type):
            return pages.get_paginated_response(shown(found, many=True, context={"request": self.request}).data)
        return pages.get_paginated_response(shown(found))

    def respond(self, data: Any, *, status: int = 200, location: str = "") -> Response:
        """Return a response with one object and its ETag; `location` is the path at which to read it later."""
        headers = {"ETag": etag(data), **({"Location": location} if location else {})}
        return Response(data, status=status, headers=headers)

    def require_unchanged(self, current: Callable[[], Any]) -> None:
        """Raise Refused (412) if the request has an If-Match that is not the ETag of the current representation.

        `current` makes that representation; it is called only where there is an If-Match.
        """
        expected = self.request.headers.get("If-Match", "")
        if expected and expected != "*" and etag(current()) not in etags_in(expected):
            words = _("It has changed since you read it: read it again, then decide.")
            raise Refused(412, "precondition-failed", words)


class UnknownPath(ApiView):
    """Catch-all for unknown API paths: answers 404 as a problem document, not as an HTML page."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raise Http404, after the request is counted for the rate limit."""
        self.check_throttles(request)
        raise Http404


def validated(serializer: type[serializers.BaseSerializer[Any]], data: Any) -> dict[str, Any]:
    """Return the data as the serializer validates it. Raises ValidationError."""
    try:
        # mypy takes a class for its instances where it asks whether it can be hashed.
        values: dict[str, Any] = validator(cast(Any, serializer)).run_validation(data)
    except serializers.ValidationError:
        # A serializer of its own puts the faults together in the form that an answer shows.
        parsed = serializer(data=data)
        parsed.is_valid(raise_exception=True)
        values = parsed.validated_data
    return values


@cache
def validator(serializer: Callable[[], Any]) -> Any:
    """Return an instance that validates for all requests: it keeps nothing of them, and making one costs more."""
    return serializer()


def etag(data: Any) -> str:
    """Return a strong ETag of the representation."""
    text = orjson.dumps(data, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=JSONEncoder().default)
    return f'"{hashlib.blake2b(text, digest_size=12).hexdigest()}"'


def etags_in(header: str) -> list[str]:
    """Return the ETags of an If-Match or If-None-Match header."""
    return [tag.strip() for tag in header.split(",")]


def row_or_404(rows: QuerySet[M], **lookups: Any) -> M:
    """Return the row of the queryset that the lookups name. Raises Http404 if it holds no such row."""
    row = rows.filter(**lookups).first()
    if row is None:
        raise Http404
    return row
