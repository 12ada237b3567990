"""Only public addresses are called, however a private one is spelled or hidden."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from webhooks import addresses, network
from webhooks.addresses import is_allowed, is_public, normalized_url, permitted_addresses
from webhooks.errors import InvalidUrl, RefusedAddress, WebhookError
from webhooks.network import post_request

PRIVATE = [
    *("2130706433", "0177.0.0.1", "0x7f.1", "127.1", "127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:a00:1]", "[fe80::1]", "[fc00::1]", "[ff02::1]", "[fec0::1]"),
    *("[2002:7f00:1::]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[::7f00:1]", "[2001:db8::1]"),
]
# For localhost; with its key.
CERTIFICATE = Path(__file__).with_name("localhost.pem")
PUBLIC = ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e", "2002:5db8:d70e::"]


@pytest.mark.parametrize("host", PRIVATE)
def test_a_private_number_is_refused_at_once_and_when_called(host: str) -> None:
    with pytest.raises((RefusedAddress, InvalidUrl)):
        normalized_url(f"http://{host}/")
    with pytest.raises(RefusedAddress):
        permitted_addresses(host.strip("[]"), 80)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_called(address: str) -> None:
    assert is_public(addresses.ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.org/", "file:///etc/passwd", "example.org/hook", "//example.org", "http://", "", "https:///x"),
        *("http://me:word@example.org/", "http://me@example.org/", "http://[::1/", "http://example.org:99999/"),
        *("gopher://example.org", "http://exa mple.org/"),
    ],
)
def test_what_is_no_web_address_or_holds_a_password_is_refused(url: str) -> None:
    with pytest.raises(WebhookError):
        normalized_url(url)


def test_an_address_is_kept_as_it_will_be_called() -> None:
    assert normalized_url(" https://Example.org:8443/a?b=c#d ") == "https://example.org:8443/a?b=c"
    assert normalized_url("https://bücher.example/") == "https://xn--bcher-kva.example/"
    assert normalized_url("https://example.org/früh?wann=ä") == "https://example.org/fr%C3%BCh?wann=%C3%A4"


def test_a_refusal_names_the_host_and_the_address() -> None:
    with pytest.raises(RefusedAddress, match=r"0x7f\.1 has the address 127\.0\.0\.1"):
        normalized_url("http://0x7f.1/")
    with pytest.raises(InvalidUrl, match="name or a password"):
        normalized_url("http://me@example.org/")


def answers(*each: list[str]) -> Callable[[str, int], list[str]]:
    """A resolver that gives one answer after the other."""
    left = iter(each)
    return lambda _host, _port: next(left)


def test_a_name_that_leads_home_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "resolve_host", answers(["127.0.0.1"]))
    with pytest.raises(RefusedAddress):
        post_request("http://innocent.example/", body=b"", headers={})


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "resolve_host", answers(["93.184.215.14", "10.0.0.1"]))
    with pytest.raises(RefusedAddress):
        permitted_addresses("innocent.example", 80)


def test_a_name_without_address_is_an_error_to_try_again() -> None:
    with pytest.raises(ConnectionError, match="has no address"):
        permitted_addresses("nowhere.invalid", 80)


@pytest.mark.parametrize(
    ("named", "host", "port", "allowed"),
    [
        (["desk.internal:8080"], "Desk.Internal", 8080, True),
        (["desk.internal:8080"], "desk.internal", 80, False),
        (["desk.internal:8080"], "desk.internal", 6379, False),
        (["desk.internal"], "desk.internal", 80, True),
        (["desk.internal"], "desk.internal", 443, True),
        (["desk.internal"], "desk.internal", 6379, False),
        (["[::1]:8080", "::1"], "::1", 8080, True),
        (["[::1]"], "::1", 443, True),
        (["::1"], "::1", 6379, False),
        ([], "desk.internal", 80, False),
    ],
)
def test_a_private_host_is_allowed_with_its_port(
    settings: Any, named: list[str], host: str, port: int, allowed: bool
) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = named
    assert is_allowed(host, port) is allowed


# -- what is connected to --------------------------------------------------------------------------
class Handler(BaseHTTPRequestHandler):
    """Redirects home or talks without end, as the path says."""

    def do_POST(self) -> None:
        self.server.asked.append((self.path, self.headers["host"]))  # type: ignore[attr-defined]
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(302 if self.path == "/redirect" else 200)
        self.send_header("location", "/home")
        self.end_headers()
        size = 10_000_000 if self.path == "/endless" else 2
        try:
            self.wfile.write(b"x" * size)
        except OSError:
            self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    """A server on this machine, which notes what it is asked."""
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked = []  # type: ignore[attr-defined]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def url(server: HTTPServer, settings: Any) -> str:
    """Its address, by a name that may be private."""
    settings.WEBHOOK_ALLOWED_HOSTS = [f"Receiver.internal:{server.server_port}"]
    return f"http://receiver.internal:{server.server_port}"


def test_the_address_that_was_checked_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[str] = []

    def connect(address: str, _port: int) -> socket.socket:
        connected.append(address)
        raise ConnectionError("It was only asked to.")

    monkeypatch.setattr(addresses, "resolve_host", answers(["93.184.215.14"], ["127.0.0.1"]))
    monkeypatch.setattr(network, "connected", connect)
    with pytest.raises(ConnectionError, match="only asked"):
        post_request("http://rebound.example/", body=b"", headers={})
    assert connected == ["93.184.215.14"]


def test_the_certificate_has_to_be_for_the_name_and_not_for_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "resolve_host", lambda *_: ["127.0.0.1"])
    monkeypatch.setattr(addresses, "require_public", lambda *_: None)
    monkeypatch.setattr(network, "verifying_context", lambda: ssl.create_default_context(cafile=str(CERTIFICATE)))
    with tls_server() as port:
        assert post_request(f"https://localhost:{port}/", body=b"", headers={}).status == 200
        with pytest.raises(ssl.SSLCertVerificationError, match=r"innocent\.example"):
            post_request(f"https://innocent.example:{port}/", body=b"", headers={})


@contextmanager
def tls_server() -> Iterator[int]:
    """A server on this machine whose certificate is for localhost: its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked = []  # type: ignore[attr-defined]
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_the_receiver_is_asked_by_its_name(server: HTTPServer, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "resolve_host", answers(["127.0.0.1"]))
    post_request(f"{url}/hook?a=b", body=b"", headers={}, may_be_private=True)
    assert server.asked == [("/hook?a=b", f"receiver.internal:{server.server_port}")]  # type: ignore[attr-defined]


def test_a_redirect_is_an_answer_and_nothing_more(
    server: HTTPServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "resolve_host", answers(["127.0.0.1"]))
    assert post_request(f"{url}/redirect", body=b"", headers={}, may_be_private=True).status == 302
    assert [path for path, _host in server.asked] == ["/redirect"]  # type: ignore[attr-defined]


def test_the_environment_sends_nothing_through_a_proxy(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "resolve_host", answers(["127.0.0.1"]))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1/")
    assert post_request(f"{url}/hook", body=b"", headers={}, may_be_private=True).body == b"xx"


def test_only_the_beginning_of_an_endless_answer_is_read(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "resolve_host", answers(["127.0.0.1"]))
    answer = post_request(f"{url}/endless", body=b"", headers={}, may_be_private=True)
    assert len(answer.body) == network.MOST_ANSWER_BYTES


def test_an_answer_that_drips_ends_with_the_whole_time(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(network, "EXCHANGE_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        settings.WEBHOOK_ALLOWED_HOSTS = [f"127.0.0.1:{port}"]
        thread = Thread(target=drip, args=[listening])
        thread.start()
        with pytest.raises(TimeoutError, match="took longer"):
            post_request(f"http://127.0.0.1:{port}/", body=b"", headers={}, may_be_private=True)
        thread.join()


def drip(listening: socket.socket) -> None:
    """Answer one byte at a time until the other side has gone."""
    connection, _peer = listening.accept()
    with connection:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            for _byte in range(200):
                connection.sendall(b"x")
                time.sleep(0.05)
        except OSError:
            return
