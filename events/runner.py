"""Runs stream servers and the relay's chores until SIGTERM or SIGINT; work in hand is finished first."""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import close_old_connections

from environment import heartbeat
from events import fitness, streams
from events.bridge import AWAY_ERRORS, StreamServer
from events.deadletters.outgoing import publish_dead_letters
from events.lost_dispatches import LostDispatches
from events.outbox import Inheritance
from events.trimming import trim_streams
from telemetry import metrics

T = TypeVar("T")
logger = logging.getLogger(__name__)

# Pause of the relay after a turn in which no chore found anything to do.
RELAY_REST_SECONDS = 0.25
# Seconds between two looks for signs that the broker has lost something, and between two trimmings of the streams.
LOOK_EVERY_SECONDS = 1.0
TRIM_EVERY_SECONDS = 10.0
# Pause before a process that starts tries again to reach a broker that is away.
BROKER_RETRY_SECONDS = 1.0
# Longest pause before a chore that failed is tried again.
LONGEST_CHORE_PAUSE_SECONDS = 60.0


def serve(servers: Sequence[StreamServer]) -> None:
    """Run the servers until SIGTERM or SIGINT; return once each has settled the entries in hand."""
    asyncio.run(serve_all(servers))


async def serve_all(servers: Sequence[StreamServer]) -> None:
    """Run the servers side by side; SIGTERM or SIGINT stops all of them."""
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop_all, servers)
    await asyncio.gather(*(server.serve() for server in servers))


def stop_all(servers: Sequence[StreamServer]) -> None:
    """Ask every server to stop."""
    logger.info("Stopping: finishing what is in hand")
    for server in servers:
        server.stop()


def relay_until(stopping: threading.Event) -> None:
    """Do the relay's chores again and again until `stopping` is set."""
    chores = [
        Chore("publish what was left behind", Inheritance().publish_left_behind),
        Chore("publish dead letters", publish_dead_letters),
        Chore("publish lost dispatches again", LostDispatches().publish_lost, every=LOOK_EVERY_SECONDS),
        Chore("trim the streams", trim_streams, every=TRIM_EVERY_SECONDS),
    ]
    while not stopping.is_set():
        had_work = [chore.do() for chore in chores]
        if not any(had_work):
            stopping.wait(RELAY_REST_SECONDS)
    heartbeat.end("relay")


class Chore:
    """A task that the relay repeats.

    If it fails it alone is postponed, with a pause that doubles; the other chores go on.
    """

    def __init__(self, name: str, call: Callable[[], object], *, every: float = 0.0) -> None:
        self.name, self.call, self.every = name, call, every
        self.due, self.failures = time.monotonic(), 0

    def do(self) -> bool:
        """Do the chore if it is due; return True if it found something to do and may have more."""
        heartbeat.turn("relay")
        if time.monotonic() < self.due:
            return False
        self.due = time.monotonic() + self.every
        try:
            result = self.call()
        except AWAY_ERRORS as error:
            logger.warning("The relay waits: %s", error)
            close_old_connections()
            return False
        except Exception:
            self.failures += 1
            metrics.CLOCK_FAILURES.labels(self.name).inc()
            pause = min(2.0**self.failures, LONGEST_CHORE_PAUSE_SECONDS)
            self.due = time.monotonic() + pause
            logger.exception("The relay could not %s; it tries again in %s s", self.name, pause)
            return False
        self.failures = 0
        return bool(result) and not self.every


def wait_for_broker() -> None:
    """Return once the broker answers and its warnings are logged. Raises BrokerUnfit for one that would lose events."""
    patiently(log_broker_warnings)


def streams_to_read() -> list[str]:
    """Return the streams of the log that consumers have to read, once the broker answers."""
    return patiently(streams.streams_to_read)


def patiently(call: Callable[[], T]) -> T:
    """Return the result of the call; while the broker is away, wait and call again.

    A process that starts during an outage waits, as one that runs does: to end would make the outage longer.
    """
    while True:
        try:
            return call()
        except streams.BROKER_ERRORS as error:
            logger.warning("Waiting for the broker: %s", error)
            time.sleep(BROKER_RETRY_SECONDS)


def log_broker_warnings() -> None:
    """Log the warnings about a broker that is fit to use. Raises BrokerUnfit for one that would lose events."""
    for warning in fitness.verify_broker():
        logger.warning(warning)
