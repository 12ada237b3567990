"""A worker: leases the items of an agent, does them, renews its leases during the work, and replies."""

import json
import logging
import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from interlock_client.client import Client, Json, Problem

LEASE_SECONDS = 60
WAIT_SECONDS = 20
STALE = "stale-lease"
# While Interlock is not available: the pause after each round of tries, doubled up to a minute.
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0

logger = logging.getLogger(__name__)


class Stopped(Exception):
    """The worker got SIGTERM or SIGINT while it waited for Interlock to be available again."""


class Ask(Exception):
    """Raised by the work function: facts are missing that a person has to give.

    `fields` has for each missing field a JSON Schema with the question as `title`.
    """

    def __init__(self, reason: str, fields: dict[str, Json]) -> None:
        super().__init__(reason)
        self.reason, self.fields = reason, fields


class Fail(Exception):
    """Raised by the work function: the item cannot be done. `retryable`: another attempt may succeed."""

    def __init__(self, reason: str, *, retryable: bool = True) -> None:
        super().__init__(reason)
        self.reason, self.retryable = reason, retryable


@dataclass(frozen=True)
class Result:
    """The result of an item: a deliverable, and the evidence for its definition of done."""

    type: str
    content: Json
    confidence: float = 0.7
    evidence: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """A leased item with its work context, which has all known facts."""

    client: Client
    lease: str
    item: Json
    context: Json

    def rows(self) -> list[Json]:
        """Return the rows of the work context; if they are too many for it, download them."""
        reference = self.context.get("rows_ref")
        if reference is None:
            return list(self.context.get("rows", []))
        content = self.client.call("GET", f"work/{self.lease}/artifacts/{reference['id']}").content
        # Lines end with a line feed only: a text may hold other characters that Python takes for the end of a line.
        return [json.loads(line) for line in content.split(b"\n") if line]

    def progress(self, done: int, total: int) -> None:
        """Report how many units of the work are done. This renews the lease too."""
        self.client.post(f"work/{self.lease}/progress", {"done": done, "total": total})


class Worker:
    """Does the items of one agent, one after the other, with the function `do`.

    While Interlock is not available it waits, without a limit.
    """

    def __init__(self, client: Client, agent: str, do: Callable[[Work], Result]) -> None:
        self.client, self.agent, self.do = client, agent, do
        self.stopping = threading.Event()

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; the item that is under way then is finished first."""
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: self.stopping.set())
        with suppress(Stopped):
            while not self.stopping.is_set():
                self.once(wait=WAIT_SECONDS)

    def once(self, *, wait: int = 0) -> bool:
        """Lease and do one item. Return False if there was none within `wait` seconds."""
        request = {"agent": self.agent, "seconds": LEASE_SECONDS, "wait": wait}
        items = self.retry_during_outage(lambda: self.client.post("work/lease", request))["items"]
        for leased in items:
            work = Work(self.client, leased["lease"], leased["item"], leased["work_context"])
            with lease_renewed(self.client, work.lease), lost_lease_suppressed():
                self.reply(work)
        return bool(items)

    def reply(self, work: Work) -> None:
        """Do the item and send its result, question or failure. Raises Problem if the lease is lost."""
        try:
            result = self.do(work)
        except Ask as ask:
            self.send(work, "ask", {"reason": ask.reason, "fields": ask.fields})
        except Fail as fail:
            self.send(work, "fail", {"reason": fail.reason, "retryable": fail.retryable})
        except (Problem, Stopped):
            raise
        except Exception as error:
            self.send(work, "fail", {"reason": f"{type(error).__name__}: {error}", "category": "TOOL_FAILURE"})
        else:
            deliverable = {"type": result.type, "content": result.content, "confidence": result.confidence}
            self.send(work, "deliverables", deliverable)
            self.send(work, "complete", {"evidence": result.evidence})

    def send(self, work: Work, action: str, body: dict[str, Any]) -> None:
        """Send one reply about the item. Raises Problem if the lease is lost, for example after a long outage."""
        self.retry_during_outage(lambda: self.client.post(f"work/{work.lease}/{action}", body))

    def retry_during_outage(self, call: Callable[[], Json]) -> Json:
        """Return the response of the call, repeated with growing pauses during an outage. Raises Stopped or Problem."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return call()
            except (httpx.TransportError, Problem) as error:
                if isinstance(error, Problem) and not error.may_pass:
                    raise
                logger.warning("Interlock is not available, trying again within %g s: %s", pause, error)
                if self.stopping.wait(pause * random.uniform(0.5, 1)):
                    raise Stopped from error
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


@contextmanager
def lost_lease_suppressed() -> Iterator[None]:
    """Suppress the Problem of a lost lease: another worker does the item, and this one goes on."""
    try:
        yield
    except Problem as problem:
        if problem.type != STALE:
            raise


@contextmanager
def lease_renewed(client: Client, lease: str) -> Iterator[None]:
    """Renew the lease inside the block, in a thread, after each third of its time."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(LEASE_SECONDS / 3):
            with suppress(Problem, httpx.TransportError):
                client.post(f"work/{lease}/heartbeat")

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
