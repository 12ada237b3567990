"""The web as an operator starts it: one process, or several at one address."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings

from accounts.audit import AuditRecord
from runtime import web
from runtime.addresses import listening_socket
from tests.processes import STOP_SECONDS, manage
from tests.waiting import ROOM, wait_until

pytestmark = pytest.mark.django_db(transaction=True)
KEEP_TO_TLS = "max-age=31536000; includeSubDomains"


@pytest.fixture
def address() -> str:
    """Where nobody listens yet."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return f"127.0.0.1:{sock.getsockname()[1]}"


@contextmanager
def served(*command: str, address: str) -> Iterator[subprocess.Popen[str]]:
    """The command while the block runs, from its first answer on."""
    process = manage(*command)
    try:
        wait_until(lambda: process.poll() is not None or status(address) == 200, 30)
        yield process
    finally:
        process.kill()
        process.wait()


def status(address: str) -> int:
    """The status of the page where people sign in, over a connection of its own; 0 when nobody answers."""
    connection = HTTPConnection(address, timeout=10)
    try:
        connection.request("GET", "/sign-in/")
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


@pytest.mark.parametrize("processes", [1, 2])
def test_processes_serve_one_address_until_they_are_told_to_end_and_do_not_say_what_they_are(
    address: str, processes: int
) -> None:
    with served("web", "--at", address, "--processes", str(processes), address=address) as process:
        wait_until(lambda: said().count(f"Serving at http://{address}/") == processes, 30)
        assert {status(address) for _ in range(20)} == {200}
        for path in ("/sign-in/", "/nowhere/"):
            assert names_told_to_a_stranger(address, path) == ["Date"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_SECONDS) == 0
    assert status(address) == 0


def names_told_to_a_stranger(address: str, path: str) -> list[str]:
    """Which of the headers `Date` and `Server` the answer has."""
    with closing(HTTPConnection(address, timeout=10)) as stranger:
        stranger.request("GET", path)
        answer = stranger.getresponse()
        answer.read()
        return [name for name in ("Date", "Server") if answer.getheader(name)]


def test_told_to_end_before_it_serves_it_ends(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def told_meanwhile(address: str, *, instead: str, shared: bool) -> socket.socket:
        signal.raise_signal(signal.SIGTERM)
        return listening_socket(address, instead=instead, shared=shared)

    told_again: list[str] = []
    monkeypatch.setattr(web, "listening_socket", told_meanwhile)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    again = threading.Timer(20, lambda: (told_again.append("again"), os.kill(os.getpid(), signal.SIGTERM)))
    again.start()
    try:
        web.serve("config.asgi:application", address=address, instead="{}")
    finally:
        again.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)
    assert not told_again


@pytest.mark.parametrize("processes", ["1", "2"])
def test_an_address_that_is_taken_is_named(address: str, processes: str) -> None:
    with listening_socket(address, instead="{}", shared=False):
        process = manage("web", "--at", address, "--processes", processes)
        assert process.wait(ROOM * 30) == 1
    assert f"Port {address.rpartition(':')[2]} is in use by another program" in said()


def said() -> str:
    """What the commands have written."""
    return (Path(settings.DATA_DIR) / "web.log").read_text()


def test_headers_about_the_caller_are_not_believed_from_a_stranger(address: str) -> None:
    with served("web", "--at", address, address=address):
        sign_in(address, {"X-Forwarded-For": "203.0.113.9"})
    assert addresses_of_failures() == ["127.0.0.1"]


def addresses_of_failures() -> list[str | None]:
    """From where somebody tried in vain to sign in, oldest first."""
    failed = AuditRecord.objects.filter(action=AuditRecord.Action.SIGN_IN_FAILED).order_by("pk")
    return list(failed.values_list("address", flat=True))


def test_behind_a_proxy_with_tls_cookies_are_bound_to_the_host_and_http_is_left(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", "127.0.0.1")
    monkeypatch.setenv("BEHIND_TLS", "true")
    process = manage("web", "--at", address)
    try:
        wait_until(lambda: status(address) == 301, 30)
        answer = page(address, {"X-Forwarded-Proto": "https"})
        cookie = answer.getheader("Set-Cookie") or ""
        assert (answer.status, answer.getheader("Strict-Transport-Security")) == (200, KEEP_TO_TLS)
        assert cookie.startswith("__Host-csrftoken=")
        assert {"Secure", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        sign_in(address, {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"})
        assert addresses_of_failures() == ["203.0.113.9"]
        probe = page(address, {"X-Forwarded-Proto": "https"}, path="/healthz")
        assert (probe.status, probe.getheader("Strict-Transport-Security")) == (200, KEEP_TO_TLS)
        refused = page(address, {"Authorization": "Bearer ilk_sent_in_the_clear"}, path="/api/v1/projects")
        assert (refused.status, refused.getheader("Content-Type")) == (403, "application/problem+json")
        assert page(address, {"X-Forwarded-Proto": "https"}, path="/api/v1/projects").status == 401
    finally:
        process.kill()
        process.wait()


def page(address: str, headers: dict[str, str], path: str = "/sign-in/") -> HTTPResponse:
    """The answer of the page where people sign in, or at another path."""
    with closing(HTTPConnection(address, timeout=10)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer


def sign_in(address: str, headers: dict[str, str]) -> None:
    """Fail to sign in."""
    cookie = (page(address, headers).getheader("Set-Cookie") or "").partition(";")[0]
    token = cookie.partition("=")[2]
    form = urlencode({"username": "nobody", "password": "guess", "csrfmiddlewaretoken": token})
    site = f"{headers.get('X-Forwarded-Proto', 'http')}://{address}"
    origin = {"Origin": site, "Referer": f"{site}/sign-in/"}
    sent = {**headers, **origin, "Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    with closing(HTTPConnection(address, timeout=10)) as connection:
        connection.request("POST", "/sign-in/", form, sent)
        assert connection.getresponse().status == 200
