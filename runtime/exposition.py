"""Shows the figures of this process: on a port of its own, or as a part of `/metrics` of the web, to those who may.

Who has METRICS_TOKEN may, as `Authorization: Bearer TOKEN`, and at the web an API key that may read the health
(`health/callers.py`). Without a token the address decides: METRICS_FROM, and on a
port that only this machine reaches, this machine. A request that came through a proxy has the proxy's address, or one
that its sender chose: so it needs the token.
"""

import logging
import threading
from collections.abc import Mapping
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from socket import AF_INET, AF_INET6

from django.conf import settings
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from telemetry import metrics

logger = logging.getLogger(__name__)

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
REFUSAL = "Set METRICS_TOKEN or METRICS_FROM to read the metrics, and send the token as: Authorization: Bearer TOKEN\n"
# Headers with which proxies say for whom they ask.
PROXY_HEADERS = frozenset({"forwarded", "x-forwarded-for", "x-real-ip", "via"})
# The figures that `/metrics` of the web shows beside those of the whole system.
shown_on_web = [metrics.registry]
# Seconds that a reader may take for its request.
READER_SECONDS = 5.0


def is_allowed(address: str, headers: Mapping[str, str], *, on_own_port: bool = False) -> bool:
    """Return True if a reader at this address, with these headers (names in small letters), may see the figures."""
    if settings.METRICS.token:
        given = headers.get("authorization", "").encode("latin-1", "replace")
        return compare_digest(given, f"Bearer {settings.METRICS.token}".encode())
    if PROXY_HEADERS & headers.keys():
        return False
    try:
        reader = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(reader, "ipv4_mapped", None) or reader
    return (on_own_port and mapped.is_loopback) or any(mapped in network for network in settings.METRICS.networks)


def text_of(*registries: CollectorRegistry) -> bytes:
    """Return the figures in Prometheus' text form."""
    return b"".join(generate_latest(registry) for registry in registries)


def leave_out_own() -> None:
    """Have `/metrics` of this process show the figures of the whole system only.

    Any of several processes may answer at their address: counters that jump from one process to another say nothing.
    """
    shown_on_web.clear()


class Handler(BaseHTTPRequestHandler):
    """Answers GET /metrics with the figures of this process."""

    timeout = READER_SECONDS

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.path.partition("?")[0] != "/metrics":
            self.answer(404, b"The metrics are at /metrics.\n", "text/plain")
        elif not is_allowed(self.client_address[0], headers, on_own_port=True):
            self.answer(403, REFUSAL.encode(), "text/plain")
        else:
            self.answer(200, text_of(metrics.registry), CONTENT_TYPE)

    def answer(self, status: int, body: bytes, kind: str) -> None:
        """Send the answer and close the connection."""
        self.send_response_only(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), ("Connection", "close")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write no line for each reading of the figures."""


class Server(ThreadingHTTPServer):
    """A server whose threads end with the process."""

    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        self.address_family = AF_INET6 if ":" in host else AF_INET
        super().__init__((host, port), Handler)


def serve_own_port() -> Server | None:
    """Show the figures of this process at METRICS_PORT, on a thread; None where no port is set.

    A port that is in use costs the figures and nothing else: an error is logged.
    """
    if not settings.METRICS.port:
        return None
    try:
        server = Server(settings.METRICS.bind, settings.METRICS.port)
    except OSError as error:
        message = "No metrics of this process: port %s of %s cannot be used (%s). Set another METRICS_PORT."
        logger.error(message, settings.METRICS.port, settings.METRICS.bind, error.strerror)
        return None
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
