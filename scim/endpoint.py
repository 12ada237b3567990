"""The base class of SCIM's endpoints: a key with the scope `people`, its own media type, lists by number."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.scopes import PEOPLE
from api import throttling
from api.authentication import KeyAuthentication
from api.parsers import StrictJSONParser
from api.renderers import JSONRenderer
from api.rules import Rule
from scim import urns
from scim.errors import ScimError, error_response

# Resources on one page of a list: as many as asked for, but no more than this.
USUAL_PAGE, LARGEST_PAGE = 100, 200
LOOK = Rule(PEOPLE, "accounts.view_user", keys_only=True)
MAKE = Rule(PEOPLE, "accounts.add_user", keys_only=True)
CHANGE = Rule(PEOPLE, "accounts.change_user", keys_only=True)


class ScimRenderer(JSONRenderer):
    """Renders JSON under SCIM's media type."""

    media_type = urns.MEDIA_TYPE
    format = "scim"


class ScimParser(StrictJSONParser):
    """Parses JSON under SCIM's media type."""

    media_type = urns.MEDIA_TYPE


class AlwaysScim(BaseContentNegotiation):
    """Chooses SCIM's media type whatever is accepted, as directories expect."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        """Return the parser for the media type of the body; None if there is none."""
        sent = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == sent), None)

    def select_renderer(self, request: Request, renderers: Iterable[Any], format_suffix: Any = None) -> Any:
        """Return the only renderer, and its media type."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class ScimView(APIView):
    """Base class of an endpoint; `rules` says what a key needs for which method."""

    schema = None  # no part of the OpenAPI document: SCIM describes itself
    authentication_classes = [KeyAuthentication]
    parser_classes = [ScimParser, StrictJSONParser]
    renderer_classes = [ScimRenderer]
    content_negotiation_class = AlwaysScim
    rules: dict[str, Rule] = {"GET": LOOK}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check key, rules and rate limit; who is refused too often has to wait."""
        try:
            super().initial(request, *args, **kwargs)
        except (NotAuthenticated, AuthenticationFailed, PermissionDenied):
            throttling.count_refusal(throttling.caller_of(request))
            raise

    def get_exception_handler(self) -> Callable[..., Response | None]:
        """Return what turns an error into SCIM's shape."""
        return error_response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the response, which no cache may store."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    @property
    def account(self) -> User:
        """Return the account of the key; the rules admit no request without one."""
        assert isinstance(self.request.user, User)
        return self.request.user

    def body(self) -> dict[str, Any]:
        """Return the body, an object. Raises ScimError."""
        if not isinstance(self.request.data, dict):
            raise ScimError(_("The body has to be a JSON object."), kind="invalidSyntax")
        return self.request.data

    def page(self, rows: QuerySet[Any], show: Callable[[Any], dict[str, Any]]) -> Response:
        """Return one page of the rows, by `startIndex` (from 1) and `count`. Raises ScimError."""
        start = max(1, self.number("startIndex", 1))
        count = min(max(0, self.number("count", USUAL_PAGE)), LARGEST_PAGE)
        total = rows.order_by().count()
        found = [self.chosen(show(row)) for row in rows.order_by("pk")[start - 1 : start - 1 + count]] if count else []
        return Response(list_body(found, total=total, start=start))

    def number(self, name: str, usual: int) -> int:
        """Return a whole number of the query. Raises ScimError."""
        given = self.request.query_params.get(name, str(usual))
        if not given.removeprefix("-").isdecimal() or len(given) > 9:
            raise ScimError(_("“%(name)s” has to be a whole number.") % {"name": name}, kind="invalidValue")
        return int(given)

    def chosen(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Return the resource with the attributes that the query asks for, or without those that it excludes."""
        wanted, excluded = self.names("attributes"), self.names("excludedAttributes")
        always = {"schemas", "id"}
        kept = {name for name in resource if name in always or not wanted or name.lower() in wanted}
        return {name: resource[name] for name in resource if name in kept and name.lower() not in excluded - always}

    def names(self, parameter: str) -> set[str]:
        """Return the names of top-level attributes that a parameter of the query lists, in lower case."""
        listed = self.request.query_params.get(parameter, "").split(",")
        return {name.strip().rpartition(":")[2].partition(".")[0].lower() for name in listed if name.strip()}


class UnknownAddress(ScimView):
    """Every other address: answers 404 in SCIM's shape."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raise Http404, after the request is counted for the rate limit."""
        self.check_throttles(request)
        raise Http404


def list_body(resources: list[dict[str, Any]], *, total: int, start: int = 1) -> dict[str, Any]:
    """Return the body of a list response."""
    counted = {"totalResults": total, "startIndex": start, "itemsPerPage": len(resources)}
    return {"schemas": [urns.LIST], **counted, "Resources": resources}


def row_or_404(rows: QuerySet[Any], key: str) -> Any:
    """Return the row with this primary key, a decimal number. Raises Http404."""
    row = rows.filter(pk=int(key)).first() if key.isascii() and key.isdecimal() and len(key) < 19 else None
    if row is None:
        raise Http404
    return row


def location(request: Request, name: str, *args: Any) -> str:
    """Return the complete address of a resource."""
    return str(request.build_absolute_uri(reverse(name, args=args)))
