"""Every answer of the web, whoever makes it, has the headers that keep browsers from misusing it."""

import http.client
import pickle
from typing import Any

import pytest
from django.core.cache import cache
from django_redis import get_redis_connection

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


def test_every_answer_is_not_guessed_at_not_framed_and_loads_nothing_from_elsewhere(port: int) -> None:
    for path in (*FROM_DJANGO, *FROM_ELSEWHERE):
        answer = get(port, path, Origin="https://elsewhere.example")
        assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"], path
        assert answer.headers.get_all("Access-Control-Allow-Origin") is None, path
        said = policy(answer)
        assert {said["frame-ancestors"], said["base-uri"], said["object-src"]} == {"'none'"}, path
        assert said["default-src"] == ("'self'" if path in FROM_DJANGO else "'none'"), path
        assert answer.headers.get_all("Strict-Transport-Security") is None, path


def test_a_body_that_is_refused_before_django_has_them_too(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/sign-in/", headers={"Content-Length": str(10**9)})
    answer = connection.getresponse()
    assert (answer.status, policy(answer)["default-src"]) == (413, "'none'")
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]


def test_every_text_says_how_it_is_encoded(port: int) -> None:
    for path in (*FROM_DJANGO, *FROM_ELSEWHERE, "/static/interlock/mark.svg", "/csp-reports"):
        kind = get(port, path).headers["Content-Type"].replace('"', "")
        assert kind.endswith(("json", "charset=utf-8")), kind  # JSON has no such parameter: it is UTF-8


def test_no_folder_is_listed_and_no_file_beside_the_static_ones_is_served(port: int) -> None:
    paths = ["/static/", "/static/interlock/", "/static/../manage.py", "/.git/config", "/.env"]
    assert [path for path in paths if get(port, path).status != 404] == []


def test_nothing_that_is_sent_is_sent_back_by_a_trace(port: int) -> None:
    for path in ("/sign-in/", "/", "/api/v1/projects", "/artifacts/x", "/healthz", "/metrics", "/mcp", "/admin/"):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("TRACE", path, headers={"X-Secret": "of-the-caller"})
        answer = connection.getresponse()
        assert (answer.status in (302, 403, 405), b"of-the-caller" in answer.read()) == (True, False), path


def test_a_program_that_calls_without_tls_is_refused_and_not_redirected(port: int, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    for path in ("/api/v1/me", "/artifacts/x", "/chat/slack", "/mcp", "/scim/v2/Users"):
        answer = get(port, path)
        assert (answer.status, b"tls-needed" in answer.read()) == (403, True), path


def test_what_a_stranger_writes_into_the_cache_is_run_by_nobody(broker: None) -> None:
    cache.set("a", [1, "x"])
    with get_redis_connection("default") as raw:
        raw.set(cache.make_key("b"), pickle.dumps(Bomb()))
    assert cache.get("a") == [1, "x"]
    with pytest.raises(ValueError, match="JSON|decode|Expecting"):
        cache.get("b")
    assert not Bomb.went_off


class Bomb:
    """What runs code when it is unpickled."""

    went_off = False

    def __reduce__(self) -> Any:
        return setattr, (Bomb, "went_off", True)
