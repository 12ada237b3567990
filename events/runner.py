"""Runs stream servers and periodic loops until SIGTERM or SIGINT, then lets them finish what they hold."""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence

from django.db import close_old_connections

from events import outbox, streams
from events.bridge import AWAY, StreamServer

logger = logging.getLogger(__name__)

# How long the relay rests when a sweep found nothing.
RELAY_REST_SECONDS = 0.25
# Unanswered commands and finished stream entries are looked over this often.
REPUBLISH_EVERY_SECONDS = 1.0
TRIM_EVERY_SECONDS = 10.0
# A chore that fails each time is tried this often.
LONGEST_CHORE_PAUSE_SECONDS = 60.0


def serve(servers: Sequence[StreamServer]) -> None:
    """Serve all until a signal comes; returns once each has settled the entry it held."""
    asyncio.run(serve_all(servers))


async def serve_all(servers: Sequence[StreamServer]) -> None:
    """Run the servers side by side; a signal stops them all."""
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
    """Publish what was left behind, again and again, until told to stop."""
    chores = [
        Chore("publish what was left behind", outbox.sweep),
        Chore("publish dead letters", outbox.publish_dead_letters),
        Chore("publish lost dispatches again", outbox.republish_unanswered, every=REPUBLISH_EVERY_SECONDS),
        Chore("trim the streams", outbox.trim, every=TRIM_EVERY_SECONDS),
    ]
    while not stopping.is_set():
        busy = [chore.do() for chore in chores]
        if not any(busy):
            stopping.wait(RELAY_REST_SECONDS)


class Chore:
    """One thing that the relay does again and again; when it fails it is put off alone, and the others go on."""

    def __init__(self, name: str, call: Callable[[], object], *, every: float = 0.0) -> None:
        self.name, self.call, self.every = name, call, every
        self.due, self.failures = time.monotonic(), 0

    def do(self) -> bool:
        """Do it if it is due; True when it is one to do again at once, since there was something to do."""
        if time.monotonic() < self.due:
            return False
        self.due = time.monotonic() + self.every
        try:
            found = self.call()
        except AWAY as error:
            logger.warning("The relay waits: %s", error)
            close_old_connections()
            return False
        except Exception:
            self.failures += 1
            pause = min(2.0**self.failures, LONGEST_CHORE_PAUSE_SECONDS)
            self.due = time.monotonic() + pause
            logger.exception("The relay could not %s; it tries again in %s s", self.name, pause)
            return False
        self.failures = 0
        return bool(found) and not self.every


def announce_broker() -> None:
    """Refuse an unfit broker, and say aloud what is risky about a fit one."""
    for warning in streams.verify_broker():
        logger.warning(warning)
