"""Every answer of the web, whoever makes it, has the headers that keep browsers from misusing it."""

import http.client
from typing import Any

import pytest

from tests.figures import get, web

pytestmark = pytest.mark.django_db(transaction=True)
FROM_DJANGO = ["/sign-in/", "/api/v1/projects", "/nothing/here"]
FROM_ELSEWHERE = ["/healthz", "/readyz", "/metrics", "/static/interlock/live.js"]


@pytest.fixture
def port(settings: Any) -> Any:
    """The port of the web application."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    with web() as port:
        yield port


def policy(answer: http.client.HTTPResponse) -> dict[str, str]:
    """The Content-Security-Policy, by directive."""
    [header] = answer.headers.get_all("Content-Security-Policy") or []
    parts = (part.strip().partition(" ") for part in header.split(";") if part.strip())
    return {name: value for name, _blank, value in parts}


@pytest.mark.parametrize("path", [*FROM_DJANGO, *FROM_ELSEWHERE])
def test_every_answer_is_not_guessed_at_not_framed_and_loads_nothing_from_elsewhere(port: int, path: str) -> None:
    answer = get(port, path)
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
    said = policy(answer)
    assert {said["frame-ancestors"], said["base-uri"], said["object-src"]} == {"'none'"}
    assert said["default-src"] == ("'self'" if path in FROM_DJANGO else "'none'")
    assert answer.headers.get_all("Strict-Transport-Security") is None


def test_a_body_that_is_refused_before_django_has_them_too(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/sign-in/", headers={"Content-Length": str(10**9)})
    answer = connection.getresponse()
    assert (answer.status, policy(answer)["default-src"]) == (413, "'none'")
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
