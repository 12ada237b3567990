"""The request that is served now: what its log line, its figures and its trace say of it.

The server makes it and passes it on in a context variable, which the threads that answer share with it. This module
needs the standard library only, as the log lines do.
"""

import re
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID, uuid4

OTHER = "other"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# What callers may choose as the id of a request: it is written into log lines and sent back.
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass(slots=True)
class Request:
    """One HTTP request: the template of its path, and the project, the correlation and the trace that it belongs to.

    `account` is the number of the account that it came in as, and no name.
    """

    id: str
    method: str
    route: str = OTHER
    account: str = ""
    project: str = ""
    correlation: str = ""
    traceparent: str = ""
    status: int = 0


current: ContextVar[Request | None] = ContextVar("request", default=None)


def new_request(method: str, given_id: str) -> Request:
    """Return a request with the id that its caller gave, if it is an acceptable one, else with a new one."""
    request_id = given_id if REQUEST_ID.fullmatch(given_id) else uuid4().hex
    return Request(request_id, method if method in METHODS else OTHER)


def note_route(template: str, project: str) -> None:
    """Note which route answers the current request, and which project its address names; nothing outside of one."""
    if request := current.get():
        request.route, request.project = route_label(template), project or request.project


def note_account(number: int | None) -> None:
    """Note as which account the current request came in; nothing outside of one."""
    if (request := current.get()) and number is not None:
        request.account = str(number)


def note_emitted(project: UUID | None, correlation: UUID) -> None:
    """Note what an event is about that the current request has emitted; nothing outside of one."""
    if (request := current.get()) and not request.correlation:
        request.project, request.correlation = request.project or str(project or ""), str(correlation)


def route_label(template: str) -> str:
    """Return the route under which requests count: the admin's hundreds of routes are one, an unknown path is OTHER."""
    template = template.rstrip("/")
    if template.startswith("admin"):
        return "/admin"
    return OTHER if template in ("api", "api/v1") else f"/{template}"
