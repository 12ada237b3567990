"""Decorators that describe each method of an endpoint for the OpenAPI document, and the schemas that all share."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers

from api.problems import MEDIA_TYPE

F = TypeVar("F", bound=Callable[..., Any])

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", {"type": "string", "maxLength": 200, "pattern": r"^[ -~]*$"}, OpenApiParameter.HEADER,
    description="A key of your choice, new for each request. If you send the request again with the same key within"
    " 24 hours, it has no second effect and you get the first response again.",
)  # fmt: skip
IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER,
    description="The ETag that you read. If the object has changed since then, nothing is done and you get 412: read it"
    " again, then decide.",
)  # fmt: skip
LIMIT = OpenApiParameter(
    "limit", {"type": "integer", "minimum": 1, "default": 50},
    description="Rows on a page. A number above 200 counts as 200.",
)  # fmt: skip
CURSOR = OpenApiParameter(
    "cursor",
    OpenApiTypes.STR,
    description="The place of the page in the list. Use the links `next` and `previous`: they contain it.",
)
# The attribute of a method that holds the names of its query parameters.
KNOWN_QUERY = "known_query"
# Statuses with which any request may be refused.
ALWAYS = (400, 401, 403, 406, 429)


class Fault(serializers.Serializer[Any]):
    """One fault in the body of the request."""

    pointer = serializers.CharField(
        allow_blank=True, help_text="JSON Pointer to the faulty part; empty for the whole body."
    )
    detail = serializers.CharField(help_text="What is wrong with this part, in words.")


class Problem(serializers.Serializer[Any]):
    """Why the request was refused (RFC 9457). Nothing was changed by it."""

    type = serializers.CharField(help_text="The kind of problem, for programs: urn:interlock:problem:NAME.")
    title = serializers.CharField(help_text="The HTTP status in words.")
    status = serializers.IntegerField(help_text="The HTTP status.")
    detail = serializers.CharField(help_text="What is wrong and what to do, in the language of Accept-Language.")
    errors = Fault(many=True, required=False)  # type: ignore[assignment]
    state = serializers.CharField(required=False, help_text="With 409: the present state of the object.")
    allowed = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="With 409: the states to which the object can change."
    )
    answered_by = serializers.CharField(
        required=False, allow_null=True, help_text="With 409: who answered the question first."
    )


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the authentication by an API key."""

    target_class = "api.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Return the security scheme: a bearer token."""
        words = f"An API key of your account: make one in the admin, or with `{settings.COMMAND} apikey make`."
        return {"type": "http", "scheme": "bearer", "description": words}


def endpoint(
    name: str,
    summary: str,
    *,
    gives: Any = None,
    status: int = 200,
    takes: Any = None,
    query: type[serializers.Serializer[Any]] | None = None,
    refuses: Sequence[int] = (),
    parameters: Sequence[OpenApiParameter] = (),
    request_example: Any = None,
    response_example: Any = None,
    **more: Any,
) -> Callable[[F], F]:
    """Return a decorator that describes a method; `gives` is a serializer, or {(status, media type): type}."""
    answers: dict[Any, Any] = gives if isinstance(gives, dict) else {status: gives}
    answers = answers | {(code, MEDIA_TYPE): Problem for code in sorted({*ALWAYS, *refuses})}
    decorator = extend_schema(
        operation_id=name, summary=summary, request=takes, responses=answers, **more,
        parameters=[*([query] if query else []), *parameters],
        examples=examples(request_example, response_example, status),
    )  # fmt: skip

    def describe(method: F) -> F:
        """Return the described method, with the names of its query parameters in KNOWN_QUERY."""
        known = [each.name for each in parameters if each.location == OpenApiParameter.QUERY]
        setattr(method, KNOWN_QUERY, (*(query().fields if query else ()), *known))
        return decorator(method)

    return describe


def examples(request: Any, response: Any, status: int) -> list[OpenApiExample]:
    """Return the examples of the request and of the response, without those that are not given."""
    found = []
    if request is not None:
        found.append(OpenApiExample("Request", request, request_only=True, media_type="application/json"))
    if response is not None:
        found.append(OpenApiExample("Response", response, response_only=True, status_codes=[str(status)]))
    return found


def list_endpoint(
    name: str, summary: str, row: type[serializers.Serializer[Any]], query: Any = None
) -> Callable[[F], F]:
    """Return the decorator of a GET that responds with a page of rows, filtered by the query."""
    gives = page_of(row)
    return endpoint(name, summary, gives=gives, query=query, refuses=[404, 422], parameters=[LIMIT, CURSOR])


def post_endpoint(name: str, summary: str, **more: Any) -> Callable[[F], F]:
    """Return the decorator of a POST: it adds the Idempotency-Key, and 404, 409, 413, 415 and 422 as refusals."""
    refuses = {404, 409, 413, 415, 422, *more.pop("refuses", ())}
    parameters = [IDEMPOTENCY_KEY, *more.pop("parameters", ())]
    return endpoint(name, summary, refuses=sorted(refuses), parameters=parameters, **more)


def patch_endpoint(name: str, summary: str, **more: Any) -> Callable[[F], F]:
    """Return the decorator of a PATCH: it accepts an If-Match."""
    return endpoint(name, summary, refuses=[403, 404, 409, 412, 415, 422], parameters=[IF_MATCH], **more)


PAGES: dict[Any, type[serializers.Serializer[Any]]] = {}


def page_of(row: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """Return the serializer class of a page: its rows, and links to the next and the previous page."""
    if row not in PAGES:
        fields = {
            "next": serializers.URLField(allow_null=True, help_text="The next page; null on the last one."),
            "previous": serializers.URLField(allow_null=True, help_text="The previous page; null on the first one."),
            "results": row(many=True),
            "__doc__": f"One page of a list of {row.__name__}.",
        }
        PAGES[row] = type(f"{row.__name__}Page", (serializers.Serializer,), fields)
    return PAGES[row]


def without_slashes(endpoints: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the endpoints without those whose path ends in a slash, which are the same endpoints again."""
    return [each for each in endpoints if not each[0].endswith("/")]
