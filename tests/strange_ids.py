"""Every address that names a row, once with an id of another organisation and once with an id that exists nowhere."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.contrib import admin
from django.urls import get_resolver

from tests.callers import Caller
from tests.two_organisations import BY_SECRET, OWN_PAGES, PLACE, Side, values_of

# What harms, or asks for something, at the address that ends so.
BODIES: dict[str, dict[str, Any]] = {
    "answer": {"answer": "here"},
    "reject": {"notes": "No."},
    "approve": {},
    "complete": {"evidence": {}},
    "fail": {"reason": "No."},
    "heartbeat": {},
    "assign": {"to": ""},
    "links": {"days": 9},
}
ANY_BODY = {"reason": "Fine."}
FORM = {"answer_city": "here", "answer": "here", "act": "cancel", "reason": "Fine.", "replay": "1", "save": "1"}
# In these places of a route something stands that is no row of an organisation.
NO_ROWS = {"digest", "event_type", "ending", "form", "url", "app_label", "content_type_id", "version", "version_name"}
METHODS = ("get", "post", "put", "patch", "delete")
# Numbers and names that no row has.
NO_NUMBER = "987654321"


@dataclass(frozen=True)
class Door:
    """A method and an address with another organisation's id, and the same with one that exists nowhere."""

    method: str
    route: str
    theirs: str
    nowhere: str

    def call(self, caller: Caller, address: str) -> Any:
        """The answer at the address."""
        if self.method == "get":
            return caller.client.get(address, headers=caller.headers)
        if address.startswith(("/api/", "/scim/")):
            body = BODIES.get(self.route.rstrip("/").rpartition("/")[2], ANY_BODY)
            send: Callable[..., Any] = getattr(caller.client, self.method)
            return send(address, body, content_type="application/json", headers=caller.headers)
        return caller.client.post(address, FORM)

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.route}"


def strange_doors(other: Side, *, of_programs: bool = False, every: bool = True) -> Iterator[Door]:
    """Every door at which one row of the other side is named; of programs alone, or of people.

    Without `every`, those of people are pages to look at: programs are not asked twice, and forms are left out, as are
    those pages of the admin that find their row as its page of changes does.
    """
    admin.autodiscover()
    known = dict(routes(get_resolver().url_patterns))
    for route, view in sorted(known.items()):
        is_of_programs = route.startswith(("api/", "scim/"))
        places = PLACE.findall(route)
        is_twice = route.endswith("/") and route[:-1] in known
        is_left_out = of_programs > is_of_programs or (is_of_programs > of_programs and not every)
        is_left_out |= not every and route.endswith(("/delete/", "/history/", "<path:object_id>/"))
        if is_twice or is_left_out or is_shared(route) or not set(places) - NO_ROWS:
            continue
        theirs = [values_of(name, route, other)[0] for name in places]
        nowhere = [value if name in NO_ROWS else absent(value) for name, value in zip(places, theirs, strict=True)]
        pattern = "/" + PLACE.sub("{}", route)
        for method in methods_of(view, is_of_programs) if every or is_of_programs else ["get"]:
            yield Door(method, route, pattern.format(*theirs), pattern.format(*nowhere))


def is_shared(route: str) -> bool:
    """Whether the route names a row that every organisation has, such as a role."""
    return route.startswith(("admin/auth/group/", "scim/v2/Groups/", "scim/v2/Schemas/", "scim/v2/ResourceTypes/"))


def absent(value: str) -> str:
    """A value of the same form that no row has."""
    try:
        UUID(value)
    except ValueError:
        return NO_NUMBER if value.isdecimal() else "z" * len(value)
    return str(uuid4())


def methods_of(view: Any, is_of_programs: bool) -> list[str]:
    """The methods that the view answers; a view of the admin, which is a function, has GET and POST."""
    made_of = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if made_of is None:
        return ["get"] if is_of_programs else ["get", "post"]
    return [method for method in METHODS if hasattr(made_of, method)]


def routes(listed: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every route that names a row, with its view; without those that hold a secret."""
    for pattern in listed:
        route = prefix + re.sub(r"^\^|\$$", "", str(pattern.pattern))
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, route)
        elif "<" in route and "(?P" not in route and not route.startswith((*BY_SECRET, *OWN_PAGES)):
            yield route, pattern.callback
