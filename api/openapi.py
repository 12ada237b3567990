"""The OpenAPI document, made from the views: one decorator says what an endpoint takes and gives."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers

from api.problems import MEDIA_TYPE

F = TypeVar("F", bound=Callable[..., Any])

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", {"type": "string", "maxLength": 200, "pattern": r"^[ -~]*$"}, OpenApiParameter.HEADER,
    description="The same request with the same key within a day has no second effect, and gets the same answer.",
)  # fmt: skip
IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER,
    description="The ETag that you read: if it has changed since, nothing happens and you get 412.",
)  # fmt: skip
LIMIT = OpenApiParameter(
    "limit", {"type": "integer", "minimum": 1, "default": 50},
    description="Rows a page; more than 200 are never given.",
)  # fmt: skip
CURSOR = OpenApiParameter("cursor", OpenApiTypes.STR, description="From the links `next` and `previous`.")
# The attribute of a method that names what its query may have.
KNOWN_QUERY = "known_query"
# What any call may be refused with.
ALWAYS = (400, 401, 403, 406, 429)


class Fault(serializers.Serializer[Any]):
    """One thing that is wrong with the body."""

    pointer = serializers.CharField(allow_blank=True, help_text="Where, as JSON Pointer; empty for the whole body.")
    detail = serializers.CharField(help_text="What is wrong, in words.")


class Problem(serializers.Serializer[Any]):
    """Why a request was refused (RFC 9457). Nothing has changed."""

    type = serializers.CharField(help_text="Which kind of problem, for programs.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What is wrong and what to do, in the language of Accept-Language.")
    errors = Fault(many=True, required=False)  # type: ignore[assignment]
    state = serializers.CharField(required=False, help_text="With 409: the state it is in.")
    allowed = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="With 409: the states that it can go to."
    )
    answered_by = serializers.CharField(required=False, allow_null=True, help_text="With 409: whose answer stands.")


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a machine comes in."""

    target_class = "api.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """A bearer token."""
        words = "An API key, made with `manage.py apikey make` or in the admin."
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
    sent: Any = None,
    given: Any = None,
    **more: Any,
) -> Callable[[F], F]:
    """Say what a method is called, takes and gives, and with which statuses it refuses."""
    answers: dict[Any, Any] = gives if isinstance(gives, dict) else {status: gives}
    answers = answers | {(code, MEDIA_TYPE): Problem for code in sorted({*ALWAYS, *refuses})}
    asked: list[Any] = [*([query] if query else []), *parameters]
    described = extend_schema(
        operation_id=name, summary=summary, request=takes, responses=answers, parameters=asked,
        examples=examples(sent, given, status), **more,
    )  # fmt: skip

    def noted(method: F) -> F:
        """The method with the names that its query may have."""
        known = [one.name for one in parameters if one.location == OpenApiParameter.QUERY]
        setattr(method, KNOWN_QUERY, (*(query().fields if query else ()), *known))
        made: F = described(method)
        return made

    return noted


def examples(sent: Any, given: Any, status: int) -> list[OpenApiExample]:
    """What is sent and what is given, as far as there is an example of each."""
    made = []
    if sent is not None:
        made.append(OpenApiExample("Sent", sent, request_only=True, media_type="application/json"))
    if given is not None:
        made.append(OpenApiExample("Given", given, response_only=True, status_codes=[str(status)]))
    return made


def lists(name: str, summary: str, row: type[serializers.Serializer[Any]], query: Any = None) -> Callable[[F], F]:
    """Say it of a GET that gives a page of rows, chosen by the query."""
    gives = page_of(row)
    return endpoint(name, summary, gives=gives, query=query, refuses=[404, 422], parameters=[LIMIT, CURSOR])


def acts(name: str, summary: str, **more: Any) -> Callable[[F], F]:
    """Say it of a POST: it takes an Idempotency-Key, and may conflict with what has happened."""
    refuses = {404, 409, 413, 415, 422, *more.pop("refuses", ())}
    parameters = [IDEMPOTENCY_KEY, *more.pop("parameters", ())]
    return endpoint(name, summary, refuses=sorted(refuses), parameters=parameters, **more)


def changes(name: str, summary: str, **more: Any) -> Callable[[F], F]:
    """Say it of a PATCH: it may be bound to the state that was read."""
    return endpoint(name, summary, refuses=[403, 404, 409, 412, 415, 422], parameters=[IF_MATCH], **more)


PAGES: dict[Any, type[serializers.Serializer[Any]]] = {}


def page_of(row: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """A page of a list: rows, and the links to the pages beside it."""
    if row not in PAGES:
        fields = {
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": row(many=True),
            "__doc__": f"A page of a list of {row.__name__}.",
        }
        PAGES[row] = type(f"{row.__name__}Page", (serializers.Serializer,), fields)
    return PAGES[row]


def without_slashes(endpoints: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Each endpoint once: those with a slash at the end are the same."""
    return [one for one in endpoints if not one[0].endswith("/")]
