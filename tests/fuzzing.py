"""Generated requests to the REST interface: who sends them, what they name, and the figures of it."""

import os
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from django.test import Client
from schemathesis import Case
from schemathesis.config import SchemathesisConfig
from schemathesis.config._checks import (
    NEGATIVE_DATA_REJECTION_EXPECTED_STATUSES,
    POSITIVE_DATA_ACCEPTANCE_EXPECTED_STATUSES,
)
from schemathesis.specs.openapi.checks import ignored_auth

from accounts import keys
from accounts.roles import ADMINISTRATOR, ANSWERER, OPERATOR, REQUESTER
from tests.api_seeds import Ids
from tests.callers import EVERY_SCOPE, account

# A number asks for the full profile, with so many examples an operation; without one it is the short one.
EXAMPLES = int(os.environ.get("API_EXAMPLES", "0"))
# Few, so that the tests stay short: the systematic cases come on top, and the callers take turns.
SHORT = 5
# Of four addresses three name something that is there: what is generated never would.
REAL_OF_FOUR = 3

# One place in the code handles these for all operations: in the short profile a quarter of the operations shows each.
ALIKE_PARAMETERS, ALIKE_CASES, SHOWN_BY = {"Idempotency-Key", "limit", "Content-Type"}, "Unspecified HTTP method", 4

# What JSON Schema cannot say: 400 is for a NUL in a string or a number beyond 64 bits, wherever they are in a body, as
# no database takes them; 412 is for an If-Match that is well formed and not the ETag of what is there.
UNSAYABLE = ("400", "412")
# Whether the body is acceptable depends on what is there, or on more than a schema of its own: 422 says why it is not.
JUDGED = {
    "projects_create": "the contract of requests, the template that it names, and the spreadsheet",
    "templates_create": "the rules of templates, and the name in the address",
    "templates_validate": "the rules of templates",
    "questions_answer": "the schema of the question",
    "questions_ask": "which schemas a person can be asked with, and whether there is such a person or group",
    "approvals_request": "whether there is such a person or group",
    "questions_assign": "whether there is such a person or group",
    "deadletters_replay": "the contract of the corrected event",
    "webhooks_create": "what may be called, and which types and projects there are",
    "webhooks_change": "what may be called, and which types and projects there are",
    "work_deliver": "the contract of deliverables",
    "work_ask": "which schemas a person can be asked with",
}

SESSION, KEY, SERVICE, NOBODY = "session", "key", "service", "nobody"
CALLERS = {
    "a requester's session": (SESSION, REQUESTER),
    "an answerer's key": (KEY, ANSWERER),
    "an operator's key": (KEY, OPERATOR),
    "an administrator's session": (SESSION, ADMINISTRATOR),
    "a service account": (SERVICE, ADMINISTRATOR),
    "nobody": (NOBODY, ""),
}
# In the short profile one test of an operation has all callers, in the full one it has one of them.
PARTIES = {name: [name] for name in CALLERS} if EXAMPLES else {"each in turn": [*CALLERS]}
Headers = dict[str, str]
Json = dict[str, Any]


@dataclass
class Caller:
    """Somebody who calls, with the headers that they come with."""

    name: str
    headers: Headers
    asked_for_keys: set[str] = field(default_factory=set)

    def call(self, case: Case) -> None:
        """Send it and judge the answer by every check. Raises FailureGroup.

        That an operation asks for a key is found out once, as the command line of schemathesis does. The check takes
        the cookie of a session for a generated one, so those with keys find it out.
        """
        known = [ignored_auth] if "Cookie" in self.headers or case.operation.label in self.asked_for_keys else []
        headers = {name: said for name, said in self.headers.items() if name != "Cookie"}
        cookies = dict(one.split("=", 1) for one in self.headers.get("Cookie", "").split("; ") if one)
        response = case.call_and_validate(headers=headers, cookies=cookies, excluded_checks=known)
        if response.status_code < 300:
            self.asked_for_keys.add(case.operation.label)


# -- who calls -------------------------------------------------------------------------------------
def party(name: str) -> list[Caller]:
    """The callers of one test. The first is the one that things belong to, the account `caller`."""
    return [Caller(one, credentials(one, f"caller{n or ''}")) for n, one in enumerate(PARTIES[name])]


def whose_turn(callers: list[Caller], case: Case) -> Caller:
    """The caller that sends this case, which is always the same one."""
    said = [case.path_parameters, case.query, case.body, case.meta and case.meta.phase.data]
    return callers[crc32(repr(said).encode()) % len(callers)]


def credentials(name: str, username: str) -> Headers:
    """The headers that this caller comes with."""
    kind, role = CALLERS[name]
    if kind == NOBODY:
        return {}
    user = account(username, role, is_service=kind == SERVICE)
    return session_of(user) if kind == SESSION else key_of(user)


def key_of(user: Any) -> Headers:
    """A key with every scope."""
    return {"Authorization": f"Bearer {keys.make_key(user, name='tests', scopes=EVERY_SCOPE, lifetime=None)[1]}"}


def session_of(user: Any) -> Headers:
    """A session, and the token that a page of it would send."""
    client, token = Client(), "a" * 32
    client.force_login(user)
    cookies = {name: morsel.value for name, morsel in client.cookies.items()} | {"csrftoken": token}
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), "X-CSRFToken": token}


# -- what is sent ----------------------------------------------------------------------------------
def configuration() -> SchemathesisConfig:
    """Every check is on. What may be refused although it is well formed is said here, and why."""
    judged = {"include-operation-id": list(JUDGED)}
    others = {"include-method": "POST", "exclude-operation-id": list(JUDGED)}
    return SchemathesisConfig.from_dict(
        {
            **({} if EXAMPLES else {"seed": 1}),
            "generation": {"deterministic": not EXAMPLES},
            "operations": [judged | may_refuse(*UNSAYABLE, "422"), others | may_refuse(*UNSAYABLE)],
        }
    )


def may_refuse(*statuses: str) -> Json:
    """The checks that valid data is accepted and other data is not, with these statuses allowed besides the usual."""
    accepted = [*POSITIVE_DATA_ACCEPTANCE_EXPECTED_STATUSES, *statuses]
    refused = [*NEGATIVE_DATA_REJECTION_EXPECTED_STATUSES, *UNSAYABLE]
    return {
        "checks": {
            "positive_data_acceptance": {"expected-statuses": accepted},
            "negative_data_rejection": {"expected-statuses": refused},
        }
    }


def name_real_things(case: Case, ids: Ids) -> None:
    """Let most of the valid addresses name something that is there; the same case always names the same."""
    for name, said in (case.path_parameters or {}).items():
        number = crc32(repr(said).encode())
        if ids[name] and number % 4 < REAL_OF_FOUR and is_valid(case, "path"):
            case.path_parameters[name] = ids[name][number // 4 % len(ids[name])]


def is_shown_elsewhere(case: Case) -> bool:
    """Whether this systematic case is one that other operations show in the short profile."""
    data = case.meta and case.meta.phase.data
    words = getattr(data, "description", None) or ""
    if EXAMPLES or not (getattr(data, "parameter", None) in ALIKE_PARAMETERS or words.startswith(ALIKE_CASES)):
        return False
    return bool(crc32(f"{case.operation.label} {words}".encode()) % SHOWN_BY)


def is_valid(case: Case, part: str) -> bool:
    """Whether this part of the request is meant to be valid."""
    meta = case.meta
    found = [info for place, info in meta.components.items() if place.value.startswith(part)] if meta else []
    return all(info.mode.is_positive for info in found)
