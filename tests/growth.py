"""What running processes hold: memory, open files, sessions of the database, connections of the broker.

Of a time it keeps the second and the last third: what is larger at the end than in the middle grows.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

EVERY_SECONDS = 0.25
# What may be more at the end: an allocator keeps what it got, and a batch in hand holds a few more files.
MOST_MEGABYTES, MOST_SHARE, MOST_FILES, MOST_CONNECTIONS = 4.0, 0.04, 4, 4
# Readings in a third below which nothing is said about a process.
FEWEST_READINGS = 3


@dataclass(frozen=True)
class Reading:
    """What one process held at one moment; for the whole system, the connections of a server are its `files`."""

    megabytes: float
    files: int


def reading_of(pid: int) -> Reading:
    """Return what the process holds now; sockets are among its open files. Raises OSError if it is gone."""
    folder = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    if "RssAnon" not in status:
        raise ProcessLookupError(pid)
    return Reading(int(status["RssAnon"].split()[0]) / 1024, len(list((folder / "fd").iterdir())))


@dataclass
class Readings:
    """Readings of processes by (name, process id), and of servers by name, each with the time's number."""

    pids: Callable[[], Mapping[str, int]]
    servers: Mapping[str, Callable[[], int]] = field(default_factory=dict)
    taken: dict[tuple[str, int], list[tuple[int, Reading]]] = field(default_factory=dict)
    times: int = 0

    def take(self) -> None:
        """Read everything once; what is gone or away at the moment is left out."""
        for name, pid in self.pids().items():
            with suppress(OSError):
                self.keep(name, pid, reading_of(pid))
        for name, count in self.servers.items():
            with suppress(Exception):
                self.keep(name, 0, Reading(0.0, count()))
        self.times += 1

    def keep(self, name: str, pid: int, reading: Reading) -> None:
        """Keep one reading."""
        self.taken.setdefault((name, pid), []).append((self.times, reading))

    def thirds(self) -> Iterator[tuple[str, int, list[Reading], list[Reading]]]:
        """Yield name, process id, and the readings of the second and of the last third, of whoever lived in both."""
        first, second = self.times / 3, 2 * self.times / 3
        for (name, pid), readings in sorted(self.taken.items()):
            middle = [reading for at, reading in readings if first <= at < second]
            last = [reading for at, reading in readings if at >= second]
            if min(len(middle), len(last)) >= FEWEST_READINGS:
                yield name, pid, middle, last

    def lines(self) -> list[str]:
        """Return what each held at most in the second and in the last third, a line each."""
        return [line_of(name, pid, middle, last) for name, pid, middle, last in self.thirds()]

    def growths(self) -> list[str]:
        """Return, in words, what holds more in the last third than in the second one, beyond the bounds."""
        return [
            f"grows: {line_of(name, pid, middle, last)}"
            for name, pid, middle, last in self.thirds()
            if grows(middle, last, MOST_FILES if pid else MOST_CONNECTIONS)
        ]


def grows(middle: list[Reading], last: list[Reading], most_files: int) -> bool:
    """Return True if memory or files are more than they may be; the bound of a server is that of its connections."""
    before, after = max(r.megabytes for r in middle), max(r.megabytes for r in last)
    files = max(r.files for r in last) - max(r.files for r in middle)
    return after - before > MOST_MEGABYTES + MOST_SHARE * before or files > most_files


def line_of(name: str, pid: int, middle: list[Reading], last: list[Reading]) -> str:
    """Return both thirds of one process or server in words."""
    files = f"{max(r.files for r in middle)} → {max(r.files for r in last)}"
    if not pid:
        return f"{name:<20} {files} connections"
    memory = f"{max(r.megabytes for r in middle):.1f} → {max(r.megabytes for r in last):.1f} MB"
    return f"{name:<20} {memory}, {files} open files"


@contextmanager
def read_meanwhile(readings: Readings) -> Iterator[None]:
    """Take readings on a thread while the block runs."""
    stopping = threading.Event()

    def take_until_stopped() -> None:
        while not stopping.wait(EVERY_SECONDS):
            readings.take()

    thread = threading.Thread(target=take_until_stopped, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(10)
