"""Requests that no document describes and that come all the same: each is refused as a problem, with a right status."""

from base64 import b64encode
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.test import Client
from redis.exceptions import AskError

from accounts.roles import ADMINISTRATOR
from events.streams import BROKER_ERRORS
from tests.api_seeds import Ids, seeded
from tests.callers import Caller, machine

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"


@pytest.fixture
def caller() -> Caller:
    """A machine that may do everything."""
    made = machine("caller", ADMINISTRATOR)
    made.client.raise_request_exception = False
    return made


@pytest.fixture
def ids(caller: Caller) -> Ids:
    """What there is."""
    return seeded("caller")


def send(caller: Caller, method: str, path: str, **more: Any) -> Any:
    """The response to anything."""
    headers = {**caller.headers, **more.pop("headers", {})}
    return caller.client.generic(method, f"/api/v1/{path}", headers=headers, **more)


def refused(response: Any, status: int) -> bool:
    """Whether it is a problem with this status."""
    return (response.status_code, response["Content-Type"]) == (status, PROBLEM) and response.json()["status"] == status


ADDRESSES = [
    "", "nowhere", "projects/1", f"projects/{'0' * 32}", "dead-letters/-1", f"dead-letters/{2**64}", "work//ask",
    f"dead-letters/{'9' * 5000}", f"schemas/WORK.ITEM_COMPLETED/{10**30}", f"templates/audit/versions/{2**63}",
    "schemas/%00/1", "templates/%F0%9F%98%80/versions", "schemas/%ff%fe/1",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address[:20] or "the root")
def test_an_address_that_names_nothing_is_answered_with_a_problem(caller: Caller, address: str) -> None:
    assert refused(send(caller, "GET", address), 404)


def test_an_unknown_address_is_a_problem_for_whoever_comes_without_a_key() -> None:
    assert refused(Client().get("/api/v1/nowhere"), 404)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "QUERY", "BREW"])
def test_a_method_that_an_address_has_not_is_answered_with_those_that_it_has(caller: Caller, method: str) -> None:
    response = send(caller, method, "projects")
    assert refused(response, 405)
    assert response["Allow"] == "GET, POST, HEAD, OPTIONS"


@pytest.mark.parametrize("path", ["projects", "templates/audit/versions", "events", "dead-letters"])
def test_head_says_what_get_says_without_the_body(caller: Caller, path: str) -> None:
    head, options = send(caller, "HEAD", path), send(caller, "OPTIONS", path)
    assert (head.status_code, head.content) == (200, b"")
    assert (options.status_code, "GET" in options["Allow"]) == (200, True)


LISTS = ["projects", "items", "questions", "approvals", "deliverables", "events", "dead-letters", "templates"]
CURSORS = [
    "x",
    "p=x",
    "p=\0",
    f"p={'9' * 400}",
    "o=-1",
    f"o={10**30}",
    "r=1&p=x",
    "p=0001-01-01",
    "p=9999-99-99",
    "\xff",
]


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_that_no_page_has_given_leads_nowhere_or_to_a_page(caller: Caller, ids: Ids, path: str) -> None:
    for said in CURSORS:
        for cursor in (said, b64encode(said.encode()).decode()):
            response = send(caller, "GET", f"{path}?cursor={quote(cursor)}")
            assert response.status_code == 200 or refused(response, 404), (cursor, response.content)


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1.5", "", "²", "%00"])
def test_a_limit_that_is_no_number_is_refused(caller: Caller, limit: str) -> None:
    assert refused(send(caller, "GET", f"projects?limit={limit}"), 422)


@pytest.mark.parametrize("limit", ["1", "200", "201", "9" * 5000])
def test_a_limit_that_is_a_number_gives_a_page(caller: Caller, limit: str) -> None:
    assert send(caller, "GET", f"projects?limit={limit}").status_code == 200


MOMENTS = [
    "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z",
    "2026-01-01T00:00:00.123456789Z", "2026-01-01t00:00:00z",
]  # fmt: skip


@pytest.mark.parametrize("moment", MOMENTS)
def test_every_moment_of_the_calendar_can_be_asked_for(caller: Caller, moment: str) -> None:
    assert send(caller, "GET", f"events?since={quote(moment)}").status_code == 200
    assert send(caller, "GET", f"projects?opened_before={quote(moment)}").status_code == 200


@pytest.mark.parametrize("moment", ["", "yesterday", "2026-13-01T00:00:00Z", "2026-01-01", "0000-01-01T00:00:00Z"])
def test_what_is_no_moment_is_refused(caller: Caller, moment: str) -> None:
    assert refused(send(caller, "GET", f"events?since={quote(moment)}"), 422)


DEEP = b'{"answer": ' + b"[" * 70 + b"]" * 70 + b"}"
BODIES = [
    (b"\xff\xfe", 400), (b"{", 400), (b'{"answer": "\\ud800"}', 400), (b'{"answer": "\\u0000"}', 400),
    (b'{"answer": 1e999}', 400), (b'{"answer": 99999999999999999999}', 400), (b'{"answer": NaN}', 400), (DEEP, 400),
    (b'{"answer": 1, "answer": 2}', 400), (b"[]", 422), (b"null", 422), (b'"text"', 422), (b"0", 422), (b"{}", 422),
    (b"", 422), (b"[" * 100_000, 400), (b'{"answer": "' + b"a" * 2**20 + b'"}', 413),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status"), BODIES, ids=lambda said: str(said)[:20])
def test_a_body_that_cannot_be_read_is_refused_with_why(caller: Caller, ids: Ids, body: bytes, status: int) -> None:
    path = f"questions/{ids['input_id'][0]}/answer"
    for headers in ({}, {"Idempotency-Key": "one"}):
        response = send(caller, "POST", path, data=body, content_type="application/json", headers=headers)
        assert refused(response, status), response.content


KINDS = [
    ("text/plain", 415), ("application/xml", 415), ("nonsense", 415), ("multipart/form-data", 400),
    ("multipart/form-data; boundary=é", 400), ("application/json; charset=klingon", 201),
    ("multipart/form-data; boundary=x; charset=klingon", 422), ("multipart/form-data; boundary=x", 422),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "status"), KINDS)
def test_a_kind_of_body_that_is_not_taken_is_refused(caller: Caller, kind: str, status: int) -> None:
    response = send(caller, "POST", "projects", data=b'{"request_text": "Do it."}', content_type=kind)
    assert refused(response, status) or response.status_code == status == 201, response.content


def test_a_form_with_too_many_parts_is_refused(caller: Caller) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\na\r\n'
    kind = "multipart/form-data; boundary=x"
    assert refused(send(caller, "POST", "projects", data=part * 2000 + b"--x--", content_type=kind), 413)


@pytest.mark.parametrize("accept", ["text/html", "application/xml;q=1", "nonsense", "a/b/c", ";", "application/"])
def test_an_answer_that_cannot_be_given_in_the_wanted_kind_is_refused(caller: Caller, accept: str) -> None:
    response = send(caller, "GET", "projects", headers={"Accept": accept})
    assert refused(response, 406)


@pytest.mark.parametrize("accept", ["*/*", "application/json;q=x", "application/*", "application/json;;", "é,*/*"])
def test_an_odd_accept_that_allows_json_gets_json(caller: Caller, accept: str) -> None:
    assert send(caller, "GET", "projects", headers={"Accept": accept}).status_code == 200


def test_a_table_and_an_artifact_can_be_asked_for_by_their_kinds(caller: Caller, ids: Ids) -> None:
    table = f"deliverables/{ids['deliverable_id'][0]}/csv?table=rows"
    artifact = f"work/{ids['lease'][0]}/artifacts/{ids['digest'][0]}"
    for path, kind in ((table, "text/csv"), (artifact, "application/x-ndjson")):
        response = send(caller, "GET", path, headers={"Accept": kind})
        assert (response.status_code, response["Content-Type"].partition(";")[0]) == (200, kind)
        nothing = "/".join([path.split("/")[0], str(uuid4()), *path.split("/")[2:]])
        assert refused(send(caller, "GET", nothing, headers={"Accept": kind}), 404)


@pytest.mark.parametrize("key", ["a" * 201, "\x7f", "\x80", "é" * 101 + "\x85"])
def test_an_idempotency_key_that_is_no_key_is_refused(caller: Caller, ids: Ids, key: str) -> None:
    response = send(caller, "POST", f"items/{ids['item_id'][0]}/retry", headers={"Idempotency-Key": key})
    assert refused(response, 400)


@pytest.mark.parametrize("header", ["nonsense", '"', '""', "é", ",", 'W/"x"', '"a", "b"'])
def test_an_if_match_that_matches_nothing_changes_nothing(caller: Caller, ids: Ids, header: str) -> None:
    response = send(caller, "POST", f"items/{ids['item_id'][0]}/retry", headers={"If-Match": header})
    assert refused(response, 412)


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer é", "Bearer a b", f"Bearer {'a' * 5000}", "Basic x"])
def test_a_key_that_is_none_is_refused(caller: Caller, header: str) -> None:
    response = Client().get("/api/v1/me", headers={"Authorization": header})
    assert refused(response, 401)
    assert "WWW-Authenticate" in response


NAMES = [{"title": "a" * 400}, {"x_pointer": "/" + "a" * 400}, {"x_pointer": "/"}, {"title": ""}]


@pytest.mark.parametrize("schema", NAMES, ids=str)
def test_a_worker_that_asks_in_too_many_words_is_told_so(caller: Caller, ids: Ids, schema: dict[str, str]) -> None:
    body = {"reason": "Why", "fields": {"price": {"type": "number", **schema}}}
    response = caller.post(f"work/{ids['lease'][0]}/ask", body)
    is_long = max(map(len, schema.values())) > 300
    assert refused(response, 422) if is_long else response.status_code == 200, response.content


@pytest.mark.parametrize(("levels", "status"), [(5, 200), (6, 422), (140, 422)])
def test_a_worker_that_asks_for_a_place_too_deep_is_told_so(caller: Caller, ids: Ids, levels: int, status: int) -> None:
    body = {"reason": "Why", "fields": {"price": {"type": "number", "x_pointer": "/a" * levels}}}
    response = caller.post(f"work/{ids['lease'][0]}/ask", body)
    assert response.status_code == status, response.content
    assert status == 200 or (refused(response, 422) and "5 levels" in response.json()["detail"])


def test_a_worker_may_give_as_long_a_reason_as_the_contract_allows(caller: Caller, ids: Ids) -> None:
    response = caller.post(f"work/{ids['lease'][0]}/ask", {"reason": "a" * 20_000})
    assert response.status_code == 200, response.content


@pytest.mark.parametrize("error", BROKER_ERRORS)
def test_nobody_is_held_back_while_the_cache_is_away(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def away(name: str) -> int:
        raise error("1 127.0.0.1:1" if error is AskError else "CLUSTERDOWN the broker is away")

    monkeypatch.setattr("api.throttling.increment_counter", away)
    assert send(caller, "GET", "projects").status_code == 200
