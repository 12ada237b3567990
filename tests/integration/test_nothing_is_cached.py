"""What an account is shown is kept by no cache: every address, asked by a person and by a key."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import Settings

from accounts.roles import ADMINISTRATOR
from tests.aging import ended_project
from tests.callers import Caller, account, key_of

pytestmark = pytest.mark.django_db
# These run for as long as somebody listens.
ENDLESS = re.compile(r"events/stream$")
# For everybody, and the same for all: nothing of an account is in them.
PUBLIC = re.compile(r"/api/(asyncapi|docs|schema)/$")


def routes(resolver: Any = None, before: str = "") -> Iterator[str]:
    """The template of each address."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = before + str(entry.pattern).lstrip("^")
        if isinstance(entry, URLResolver):
            yield from routes(entry, route)
        elif isinstance(entry, URLPattern):
            yield route


def addresses(values: dict[str, str]) -> Iterator[str]:
    """Each address, with what there is in the places of its arguments."""
    for route in sorted(set(routes())):
        path = re.sub(r"\(\?P<\w+>[^)]*\)|<(?:(\w+):)?\w+>", lambda found: values.get(found[1] or "", "1"), route)
        if not ENDLESS.search(path):
            yield "/" + re.sub(r"[\\^$?]|\.\+", "", path)


def test_what_an_account_is_shown_is_private_at_every_address(settings: Settings) -> None:
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    project = ended_project(1)
    caller = Caller(account("ann", ADMINISTRATOR, is_superuser=True))
    caller.client.force_login(caller.user)  # type: ignore[arg-type]
    machine = key_of(caller, "read")
    seen, wrong = Counter[int](), []
    for address in addresses({"uuid": str(project.pk), "int": "1", "str": "x"}):
        if "sign-out" in address or PUBLIC.match(address):
            continue
        for headers in ({}, machine.headers) if address.startswith("/api") else ({},):
            client = caller.client if not headers else machine.client
            answer = client.get(address, headers=headers)
            seen[answer.status_code] += 1
            if not {"private", "no-store"} & set(re.split(r",\s*", answer.headers.get("Cache-Control", ""))):
                wrong.append(f"{address}: {answer.status_code} {answer.headers.get('Cache-Control')}")
            if not headers and "no-store" not in answer.headers.get("Cache-Control", ""):
                wrong.append(f"{address}: a browser may store it")
    assert not wrong, "\n".join(wrong)
    assert seen[200] > 60, seen


def test_a_browser_is_told_to_forget_at_the_sign_out() -> None:
    caller = Caller(account("ann", ADMINISTRATOR))
    caller.client.force_login(caller.user)  # type: ignore[arg-type]
    answer = caller.client.post("/sign-out/")
    assert (answer["Location"], answer["Clear-Site-Data"]) == ("/sign-in/", '"cache", "storage"')
