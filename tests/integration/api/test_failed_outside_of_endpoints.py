"""A request that fails outside of its endpoint gets a problem document over REST, and words of ours on a page."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

pytestmark = pytest.mark.django_db
Failing = Callable[[type[Exception]], Any]


@pytest.fixture
def client() -> Client:
    """Return a client that takes the answer to a fault, as a browser does, in place of the fault."""
    return Client(raise_request_exception=False)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Failing:
    """Return what has the middleware fail that every request passes before it reaches an endpoint."""

    def fail_with(fault: type[Exception]) -> None:
        def process_request(*_: Any) -> None:
            raise fault("as planned")

        monkeypatch.setattr("accounts.preferences.LanguageMiddleware.process_request", process_request)

    return fail_with


@pytest.mark.parametrize("path", ["/api/v1/projects", "/api/schema/", "/api/v1/no/such/path"])
def test_rest_answers_a_host_that_is_not_ours_with_a_problem(client: Client, path: str) -> None:
    answer = client.get(path, headers={"host": "elsewhere.example"})
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:interlock:problem:bad-request")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_page_answers_a_host_that_is_not_ours_in_words(client: Client) -> None:
    answer = client.get("/", headers={"host": "elsewhere.example"})
    assert answer.status_code == 400
    assert "has changed nothing" in answer.content.decode()


@pytest.mark.parametrize(
    ("fault", "code", "name"), [(ValueError, 500, "internal-error"), (OperationalError, 503, "database-away")]
)
def test_rest_answers_what_fails_before_an_endpoint_with_a_problem(
    client: Client, failing: Failing, fault: type[Exception], code: int, name: str
) -> None:
    failing(fault)
    answer = client.get("/api/v1/projects")
    assert (answer.status_code, answer.json()["type"]) == (code, f"urn:interlock:problem:{name}")
    assert answer.headers.get("Retry-After") == ("5" if code == 503 else None)
