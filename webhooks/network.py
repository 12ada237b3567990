"""HTTP requests to receivers: only to permitted addresses, and to the same address that was checked."""

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
# Longest time of a whole exchange: a receiver that needs longer should accept the event first and process it later.
WHOLE_SECONDS = 15.0
# Longest part of an answer that is read.
MOST_ANSWER_BYTES = 64 * 1024
TRANSPORT_ERRORS = (
    *(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError),
    *(httpcore.UnsupportedProtocol, OSError),
)


@dataclass(frozen=True)
class Answer:
    """The receiver's response: its status, and the beginning of its body."""

    status: int
    body: bytes


def post(url: str, *, body: bytes, headers: Mapping[bytes | str, bytes | str], may_be_private: bool = False) -> Answer:
    """Send a POST request and return the answer. Redirects and proxies of the environment are not followed.

    Raises RefusedAddress, or one of TRANSPORT_ERRORS.
    """
    backend = CheckedBackend(Deadline(WHOLE_SECONDS), may_be_private=may_be_private)
    limits = {"connect": CONNECT_SECONDS, "read": WHOLE_SECONDS, "write": WHOLE_SECONDS, "pool": CONNECT_SECONDS}
    with (
        httpcore.ConnectionPool(ssl_context=tls_settings(), network_backend=backend) as pool,
        pool.stream("POST", core_url(url), headers=headers, content=body, extensions={"timeout": limits}) as response,
    ):
        return Answer(response.status, first_bytes(response))


@cache
def tls_settings() -> ssl.SSLContext:
    """Return TLS settings: the usual certificate authorities or those of SSL_CERT_FILE; host names are verified."""
    return httpx.create_ssl_context()


def core_url(url: str) -> httpcore.URL:
    """Return the URL for httpcore, with an internationalised host name in its DNS form."""
    parsed = httpx.URL(url)
    return httpcore.URL(scheme=parsed.scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path)


def first_bytes(response: httpcore.Response) -> bytes:
    """Return the first MOST_ANSWER_BYTES bytes of the body; more is not read."""
    body = b""
    for part in response.iter_stream():
        body += part
        if len(body) >= MOST_ANSWER_BYTES:
            break
    return body[:MOST_ANSWER_BYTES]


class Deadline:
    """The moment by which a whole exchange has to end, on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds

    def left(self, longest: float | None = None) -> float:
        """Return the seconds left, at most `longest`. Raises ReadTimeout after the deadline."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout(_("The exchange took longer than %(n)s seconds.") % {"n": int(WHOLE_SECONDS)})
        return left if longest is None else min(left, longest)


class CheckedBackend(httpcore.NetworkBackend):
    """Resolves a host once, checks every address and connects to a checked one; TLS still verifies the host name."""

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
        """Return a connection to the first checked address that accepts it."""
        *others, last = permitted_addresses(host, port, may_be_private=self.may_be_private)
        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self.connect(address, port, timeout)
        return self.connect(last, port, timeout)

    def connect(self, address: str, port: int, timeout: float | None) -> httpcore.NetworkStream:
        """Return a connection to this address that ends at the deadline."""
        stream = self.network.connect_tcp(address, port, self.deadline.left(timeout))
        return TimedStream(stream, self.deadline)


class TimedStream(httpcore.NetworkStream):
    """A connection whose reads and writes end at the deadline."""

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
