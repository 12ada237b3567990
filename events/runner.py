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
    republish = every(REPUBLISH_EVERY_SECONDS, outbox.republish_unanswered)
    trim = every(TRIM_EVERY_SECONDS, outbox.trim)
    while not stopping.is_set():
        try:
            busy = outbox.sweep() + outbox.publish_dead_letters()
            republish()
            trim()
        except AWAY as error:
            logger.warning("The relay waits: %s", error)
            close_old_connections()
            busy = 0
        if not busy:
            stopping.wait(RELAY_REST_SECONDS)


def every(seconds: float, call: Callable[[], object]) -> Callable[[], None]:
    """The call, made at most once in so many seconds."""
    due = time.monotonic()

    def call_when_due() -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + seconds
            call()

    return call_when_due


def announce_broker() -> None:
    """Refuse an unfit broker, and say aloud what is risky about a fit one."""
    for warning in streams.verify_broker():
        logger.warning(warning)
