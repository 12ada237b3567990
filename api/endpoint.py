"""What every endpoint does: rules, UTC, ETags, answers given once, lists by cursor."""

import hashlib
from collections.abc import Callable
from datetime import UTC
from typing import Any, TypeVar

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
from api.paging import Pages
from api.problems import Refused
from api.rules import Rule
from intake.uploads import take_files

M = TypeVar("M", bound=Model)
NO_PARAMETER = gettext_lazy("There is no parameter “%(name)s” here: this address takes none.")


class ApiView(APIView):
    """An endpoint: `rules` says who may call each method."""

    rules: dict[str, Rule] = {}
    # Whether the endpoint takes files: any other stores nothing of them.
    takes_files = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let in who may call; a POST with an Idempotency-Key takes effect once."""
        timezone.activate(UTC)
        try:
            super().initial(request, *args, **kwargs)
        except (NotAuthenticated, AuthenticationFailed, PermissionDenied):
            throttling.count_refusal(throttling.caller_of(request))
            raise
        self.require_known_query(request)
        if self.takes_files:
            take_files(request._request)
        key = request.headers.get(idempotency.HEADER, "")
        if request.method == "POST" and key:
            handler: idempotency.Handler = getattr(self, "post")  # noqa: B009  (not every endpoint has one)
            setattr(self, "post", idempotency.once(handler, key, self))  # noqa: B010

    def require_known_query(self, request: Request) -> None:
        """Raise Refused for a parameter that the method does not take: a slip of the pen would show all, unfiltered."""
        name = "get" if request.method == "HEAD" else str(request.method).lower()
        known = getattr(getattr(self, name, None), KNOWN_QUERY, ())
        unknown = next((given for given in request.query_params if given not in known), None)
        if unknown is None or request.method == "OPTIONS":
            return
        said = {"name": unknown[:100], "known": ", ".join(known)}
        words = _("There is no parameter “%(name)s” here, only: %(known)s.") if known else NO_PARAMETER
        raise Refused(400, "unknown-parameter", str(words) % said)

    def is_slow(self) -> bool:
        """Whether what a POST does before its effect takes long: no transaction is open meanwhile."""
        return False

    def prepare(self) -> Any:
        """Whatever a POST does before its effect; nothing here writes to the database."""

    def prepared(self) -> Any:
        """What `prepare` gave; it is done once."""
        if not hasattr(self, "_prepared"):
            self._prepared = self.prepare()
        return self._prepared

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Tell what is left of the rate limit, and answer 304 where nothing changed."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        if throttle := request._request.META.get("api.throttle"):
            for name, value in throttle.headers().items():
                response.headers[name] = value
        known = request.headers.get("If-None-Match", "")
        if request.method in ("GET", "HEAD") and known and response.headers.get("ETag") in listed(known):
            response.status_code, response.data = 304, None
        return response

    @property
    def account(self) -> User:
        """Who is calling; the rules let in nobody without an account."""
        assert isinstance(self.request.user, User)
        return self.request.user

    def read(self, serializer: type[serializers.BaseSerializer[Any]]) -> dict[str, Any]:
        """The body as the serializer reads it. Raises ValidationError."""
        reading = serializer(data=self.request.data)
        reading.is_valid(raise_exception=True)
        checked: dict[str, Any] = reading.validated_data
        return checked

    def asked(self, serializer: type[serializers.BaseSerializer[Any]]) -> dict[str, Any]:
        """The query as the serializer reads it; what was left out is not there. Raises ValidationError."""
        reading = serializer(data=self.request.query_params.dict())
        reading.is_valid(raise_exception=True)
        checked: dict[str, Any] = reading.validated_data
        return checked

    def page(
        self, found: QuerySet[Any], serializer: type[serializers.BaseSerializer[Any]], *, by: tuple[str, ...]
    ) -> Response:
        """A page of the list in its one order."""
        pages = Pages(by)
        rows = pages.paginate_queryset(found, self.request, view=self)
        return pages.get_paginated_response(serializer(rows, many=True, context={"request": self.request}).data)

    def shown(self, data: Any, *, status: int = 200, location: str = "") -> Response:
        """One thing, with its ETag; `location` is where it, or the work on it, is to be found."""
        headers = {"ETag": etag(data), **({"Location": location} if location else {})}
        return Response(data, status=status, headers=headers)

    def require_unchanged(self, shown: Callable[[], Any]) -> None:
        """Raise Refused (412) when the caller's If-Match speaks of another state than is shown; asked only then."""
        expected = self.request.headers.get("If-Match", "")
        if expected and expected != "*" and etag(shown()) not in listed(expected):
            words = _("It has changed since you read it: read it again, then decide.")
            raise Refused(412, "precondition-failed", words)


class Nowhere(ApiView):
    """What has no other address: a problem like any other, and not a page for people."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raise Http404, within the rate limit."""
        self.check_throttles(request)
        raise Http404


def etag(data: Any) -> str:
    """A strong ETag of what is shown."""
    text = orjson.dumps(data, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=JSONEncoder().default)
    return f'"{hashlib.blake2b(text, digest_size=12).hexdigest()}"'


def listed(header: str) -> list[str]:
    """The ETags of an If-Match or If-None-Match header."""
    return [one.strip() for one in header.split(",")]


def found_in(rows: QuerySet[M], **lookups: Any) -> M:
    """The row, if it is among those the account may see. Raises Http404."""
    row = rows.filter(**lookups).first()
    if row is None:
        raise Http404
    return row
