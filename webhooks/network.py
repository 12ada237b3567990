"""HTTP requests to receivers: only to permitted addresses, and to the same address that was checked."""

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException

import certifi
from django.utils.translation import gettext as _
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from webhooks.addresses import host_of, permitted_addresses, port_of

CONNECT_SECONDS = 5.0
# Longest time of a whole exchange: a receiver that needs longer should accept the event first and process it later.
EXCHANGE_SECONDS = 15.0
# Longest part of an answer that is read.
MOST_ANSWER_BYTES = 64 * 1024
TRANSPORT_ERRORS = (HTTPError, HTTPException, OSError)


@dataclass(frozen=True)
class Answer:
    """The receiver's status, and the beginning of its body."""

    status: int
    body: bytes


def post_request(url: str, *, body: bytes, headers: Mapping[str, str], may_be_private: bool = False) -> Answer:
    """Send the body and return the beginning of the answer; redirects and the environment's proxies are not followed.

    Raises RefusedAddress, or one of TRANSPORT_ERRORS, also where the exchange takes longer than EXCHANGE_SECONDS.
    """
    parsed = parse_url(url)
    host, port = host_of(parsed), port_of(parsed)
    addresses = permitted_addresses(host, port, may_be_private=may_be_private)
    connection = connection_to(host, port, addresses, secure=parsed.scheme == "https")
    with closing(connection), ended_after(EXCHANGE_SECONDS, connection):
        connection.request("POST", parsed.request_uri, body=body, headers=headers, preload_content=False)
        response = connection.getresponse()
        return Answer(response.status, response.read(MOST_ANSWER_BYTES))


def connection_to(host: str, port: int, addresses: list[str], *, secure: bool) -> "Pinned":
    """Return a connection that is not open yet; it verifies the host's name and connects to these addresses alone."""
    if secure:
        return PinnedTls(host, port, timeout=EXCHANGE_SECONDS, ssl_context=verifying_context()).to(addresses)
    return Pinned(host, port, timeout=EXCHANGE_SECONDS).to(addresses)


@cache
def verifying_context() -> ssl.SSLContext:
    """Return the context with the usual authorities and the machine's own (SSL_CERT_FILE); host names are verified."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class Pinned(HTTPConnection):
    """A connection to a host at addresses that were checked: the name is not resolved again."""

    addresses: list[str]
    opened: socket.socket | None = None

    def to(self, addresses: list[str]) -> "Pinned":
        """Name the addresses, of which the first that takes a connection is used."""
        self.addresses = addresses
        return self

    def _new_conn(self) -> socket.socket:
        """Return a socket to the first of the addresses that takes one. Raises OSError."""
        *first, last = self.addresses
        for address in first:
            with suppress(OSError):
                self.opened = connected(address, self.port)
                return self.opened
        self.opened = connected(last, self.port)
        return self.opened


class PinnedTls(Pinned, HTTPSConnection):
    """The same with TLS, which holds the certificate to the host's name."""


def connected(address: str, port: int | None) -> socket.socket:
    """Return a socket that is connected to the address. Raises OSError."""
    made = socket.create_connection((address, port or 0), CONNECT_SECONDS)
    made.settimeout(EXCHANGE_SECONDS)
    return made


@contextmanager
def ended_after(seconds: float, connection: Pinned) -> Iterator[None]:
    """End the exchange after `seconds`, even if the other side sends a little all the time. Raises TimeoutError."""
    over = threading.Event()

    def end() -> None:
        over.set()
        if connection.opened is not None:
            with suppress(OSError):
                connection.opened.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except TRANSPORT_ERRORS as error:
        if over.is_set():
            raise TimeoutError(too_long_in_words()) from error
        raise
    finally:
        timer.cancel()
    if over.is_set():
        raise TimeoutError(too_long_in_words())


def too_long_in_words() -> str:
    """Return the words for an exchange that was ended."""
    return _("The exchange took longer than %(n)s seconds.") % {"n": int(EXCHANGE_SECONDS)}
