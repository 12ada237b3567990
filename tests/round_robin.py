"""A client in front of several web processes, as a proxy is one: it takes them in turn and repeats no request.

Only a connection that was refused is tried elsewhere. Whatever happens on a connection that was open counts.
"""

import http.client
import json
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

# Kept connections rest shorter than the server keeps them open (5 s), as behind any proxy.
LONGEST_REST_SECONDS = 3.0
# A packet that asks for a connection is dropped while a process ends, and sent again after a second.
CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 60.0

# (method, path, body) of the next request.
Ask = Callable[[], tuple[str, str, Any]]


@dataclass
class Figures:
    """What became of the requests: statuses with their counts, failures in words, and the seconds of each GET."""

    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    answers: list[Any] = field(default_factory=list)

    @property
    def bad(self) -> list[str]:
        """The answers of 500 and above, and the requests without one, in words."""
        return [*(f"{n} × {status}" for status, n in self.statuses.items() if status >= 500), *self.failures]

    def line(self) -> str:
        """All figures in one line."""
        slow = sorted(self.seconds)[int(0.99 * len(self.seconds))] if self.seconds else 0.0
        answers = ", ".join(f"{n} × {status}" for status, n in sorted(self.statuses.items()))
        return (
            f"{sum(self.statuses.values())} requests ({answers}) / without an answer {len(self.failures)} /"
            f" connections refused {self.refused} / 99th of a hundred GETs {slow:.2f} s"
        )


class RoundRobin:
    """Requests of one thread to the addresses in turn, with kept connections. The list may change meanwhile."""

    def __init__(self, addresses: Sequence[str], headers: dict[str, str], figures: Figures, *, first: int = 0) -> None:
        self.addresses, self.headers, self.figures, self.turn = addresses, headers, figures, first
        self.kept: dict[str, tuple[http.client.HTTPConnection, float]] = {}

    def ask(self, method: str, path: str, body: Any) -> None:
        """Make one request at the next address that opens a connection, and note what came of it."""
        began = time.monotonic()
        try:
            address, connection = self.connected()
            connection.request(method, path, json.dumps(body) if body else None, self.headers)
            answer = connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.figures.failures.append(f"{method} {path}: {error!r}")
            return
        if method == "GET":
            self.figures.seconds.append(time.monotonic() - began)
        self.figures.statuses[answer.status] += 1
        if method == "POST" and answer.status < 300:
            self.figures.answers.append(json.loads(said))
        if not answer.will_close:
            self.kept[address] = connection, time.monotonic()

    def connected(self) -> tuple[str, http.client.HTTPConnection]:
        """The next address, and an open connection to it."""
        for _ in range(200):
            self.turn += 1
            address = self.addresses[self.turn % len(self.addresses)]
            if connection := self.kept_to(address):
                return address, connection
            connection = http.client.HTTPConnection(address, timeout=CONNECT_SECONDS)
            try:
                connection.connect()
            except OSError:
                self.figures.refused += 1
                time.sleep(0.01)
                continue
            connection.sock.settimeout(ANSWER_SECONDS)
            return address, connection
        raise ConnectionError("no address opens a connection")

    def kept_to(self, address: str) -> http.client.HTTPConnection | None:
        """A kept connection that is still open, as far as can be known."""
        connection, since = self.kept.pop(address, (None, 0.0))
        if connection is None or connection.sock is None or time.monotonic() - since > LONGEST_REST_SECONDS:
            return None
        return None if select.select([connection.sock], [], [], 0)[0] else connection


@contextmanager
def asked_steadily(
    addresses: Sequence[str], headers: dict[str, str], ask: Ask, *, rate: float, threads: int = 4
) -> Iterator[Figures]:
    """Make so many requests a second, on several threads, while the block runs; yield what became of them."""
    figures, stopping = Figures(), threading.Event()

    def run(number: int) -> None:
        client = RoundRobin(addresses, headers, figures, first=number)
        while not stopping.wait(threads / rate):
            client.ask(*ask())

    running = [threading.Thread(target=run, args=(n,), daemon=True) for n in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield figures
    finally:
        stopping.set()
        for thread in running:
            thread.join()


def free_address() -> str:
    """An address that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"
