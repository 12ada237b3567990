"""Requests to strangers: only to public addresses, and to the very address that was checked."""

import ssl
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpcore
import httpx
from django.utils.translation import gettext as _

from webhooks.addresses import permitted_addresses

CONNECT_SECONDS = 5.0
# The whole exchange: a receiver that needs longer should take the event first and work on it later.
WHOLE_SECONDS = 15.0
# Nobody reads more of an answer than its beginning.
MOST_ANSWER_BYTES = 64 * 1024
TRANSPORT_ERRORS = (
    *(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError),
    *(httpcore.UnsupportedProtocol, OSError),
)


@dataclass(frozen=True)
class Answer:
    """What the receiver said."""

    status: int
    body: bytes


def post(url: str, *, body: bytes, headers: Mapping[bytes | str, bytes | str], may_be_private: bool = False) -> Answer:
    """Send it and read the answer's beginning; redirects and the environment's proxies are not followed.

    Raises RefusedAddress, or one of TRANSPORT_ERRORS.
    """
    backend = CheckedBackend(Deadline(WHOLE_SECONDS), may_be_private=may_be_private)
    limits = {"connect": CONNECT_SECONDS, "read": WHOLE_SECONDS, "write": WHOLE_SECONDS, "pool": CONNECT_SECONDS}
    with (
        httpcore.ConnectionPool(ssl_context=trusted(), network_backend=backend) as pool,
        pool.stream("POST", core_url(url), headers=headers, content=body, extensions={"timeout": limits}) as response,
    ):
        return Answer(response.status, beginning(response))


@cache
def trusted() -> ssl.SSLContext:
    """The usual authorities, or those of SSL_CERT_FILE; host names are verified."""
    return httpx.create_ssl_context()


def core_url(url: str) -> httpcore.URL:
    """The address in parts, its host name as DNS wants it."""
    parsed = httpx.URL(url)
    return httpcore.URL(scheme=parsed.scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path)


def beginning(response: httpcore.Response) -> bytes:
    """The first bytes of the answer; the rest is not read."""
    body = b""
    for part in response.iter_stream():
        body += part
        if len(body) >= MOST_ANSWER_BYTES:
            break
    return body[:MOST_ANSWER_BYTES]


class Deadline:
    """The moment at which the exchange has to be over."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds

    def left(self, longest: float | None = None) -> float:
        """Seconds left, or the longest wait if that is shorter. Raises ReadTimeout when it is over."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout(_("The exchange took longer than %(n)s seconds.") % {"n": int(WHOLE_SECONDS)})
        return left if longest is None else min(left, longest)


class CheckedBackend(httpcore.NetworkBackend):
    """Resolves a host once, checks every address, and connects to what it checked; TLS still verifies the name."""

    def __init__(self, deadline: Deadline, *, may_be_private: bool) -> None:
        self.deadline, self.may_be_private = deadline, may_be_private
        self.network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first of the checked addresses that takes one."""
        *first, last = permitted_addresses(host, port, may_be_private=self.may_be_private)
        for address in first:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self.connected(address, port, timeout)
        return self.connected(last, port, timeout)

    def connected(self, address: str, port: int, timeout: float | None) -> httpcore.NetworkStream:
        """A connection to this address, which ends at the deadline."""
        stream = self.network.connect_tcp(address, port, self.deadline.left(timeout))
        return TimedStream(stream, self.deadline)


class TimedStream(httpcore.NetworkStream):
    """A connection on which nothing waits past the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self.stream, self.deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, self.deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, self.deadline.left(timeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self.stream.start_tls(ssl_context, server_hostname, self.deadline.left(timeout))
        return TimedStream(secured, self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)

    def close(self) -> None:
        self.stream.close()
