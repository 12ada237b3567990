"""An id of another organisation costs what an id costs that exists nowhere: the same statements, and the same answer.

The time of an answer would otherwise say that somewhere there is such a row. Statements are compared and not
milliseconds, since they are the same each time; `tests/rehearsals/test_time_of_a_refusal.py` measures.
"""

import os
import re
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from accounts.organisations import FIRST_ORGANISATION, Organisation
from accounts.roles import ADMINISTRATOR, ROLES
from backlog.organisations import make_organisation
from tests.callers import Caller
from tests.strange_ids import Door, strange_doors
from tests.two_organisations import SHORTEST_TRACE, body_of, side, visitors
from tests.undoing import undone

pytestmark = pytest.mark.django_db

VISITING = [*ROLES] if os.environ.get("EVERY_ROLE") else [ADMINISTRATOR]
# What differs from call to call, whatever is called: names of savepoints, and numbers that are made anew.
FRESH = re.compile(r'"s\d+_x\d+"')


class Statements:
    """Keeps the text of each statement, without its parameters."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.texts.append(FRESH.sub("", sql))
        return execute(sql, params, many, context)


def refused(caller: Caller, door: Door, address: str) -> tuple[int, list[str], bytes]:
    """The status, the statements and the words of the answer at this address; what was done is undone."""
    caller.client.raise_request_exception = False
    with undone(), connection.execute_wrapper(statements := Statements()):
        answer = door.call(caller, address)
    return answer.status_code, statements.texts, body_of(answer) + answer.headers.get("Location", "").encode()


def without(said: bytes, address: str) -> bytes:
    """What the answer says, without tokens and without what the caller has sent."""
    for sent in (address, *re.split("[/?=&]", address)):
        said = said.replace(sent.encode(), b"") if len(sent) > SHORTEST_TRACE else said
    return re.sub(rb'(csrfmiddlewaretoken" value|csrf-token" content|nonce)="[^"]*"', b"", said)


def test_an_id_of_another_organisation_runs_the_statements_of_an_id_that_exists_nowhere(settings: Settings) -> None:
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    zebra = side(Organisation.objects.get(pk=FIRST_ORGANISATION), "Zebra")
    walrus = side(make_organisation("Walrus and sons"), "Walrus")
    calls, differences = 0, []
    for role, caller in visitors(zebra, VISITING).items():
        caller.client.get("/api/v1/stats", headers=caller.headers)  # what is noted once for a session or a key
        for door in strange_doors(walrus, of_programs=bool(caller.headers), every=len(VISITING) > 1):
            theirs, nowhere = (refused(caller, door, address) for address in (door.theirs, door.nowhere))
            calls += 1
            same = theirs[:2] == nowhere[:2] and without(theirs[2], door.theirs) == without(nowhere[2], door.nowhere)
            differences += [] if same else [f"{role}: {door}: {theirs[0]} {nowhere[0]} {first_of(theirs, nowhere)}"]
    print(f"{calls} addresses compared, {len(differences)} differ")  # noqa: T201
    assert not differences, "\n".join(differences)
    assert calls > 70


def first_of(theirs: tuple[int, list[str], bytes], nowhere: tuple[int, list[str], bytes]) -> str:
    """The first statement that one of both has alone."""
    pairs = zip([*theirs[1], ""], [*nowhere[1], ""], strict=False)
    return next((f"{one[:300]} ≠ {other[:300]}" for one, other in pairs if one != other), "another answer")
