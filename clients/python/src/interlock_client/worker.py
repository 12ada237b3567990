"""A worker: leases the items of an agent, does them, keeps its leases alive meanwhile, and replies."""

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
# Between one round of tries and the next, while Interlock is away: doubled up to a minute.
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0

logger = logging.getLogger(__name__)


class Stopped(Exception):
    """The worker was told to end while it waited for Interlock to come back."""


class Ask(Exception):
    """Something is missing that a person has to say: per field a JSON Schema with a title to ask by."""

    def __init__(self, reason: str, fields: dict[str, Json]) -> None:
        super().__init__(reason)
        self.reason, self.fields = reason, fields


class Fail(Exception):
    """The item cannot be done."""

    def __init__(self, reason: str, *, retryable: bool = True) -> None:
        super().__init__(reason)
        self.reason, self.retryable = reason, retryable


@dataclass(frozen=True)
class Result:
    """What was made of an item, and the evidence for its definition of done."""

    type: str
    content: Json
    confidence: float = 0.7
    evidence: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """A leased item: what it is, and what is known."""

    client: Client
    lease: str
    item: Json
    context: Json

    def rows(self) -> list[Json]:
        """The rows of the work context, also where they are too many for an event."""
        reference = self.context.get("rows_ref")
        if reference is None:
            return list(self.context.get("rows", []))
        text = self.client.call("GET", f"work/{self.lease}/artifacts/{reference['id']}").text
        return [json.loads(line) for line in text.splitlines()]

    def progress(self, done: int, total: int) -> None:
        """Tell how far the work is."""
        self.client.post(f"work/{self.lease}/progress", {"done": done, "total": total})


class Worker:
    """Does the items of one agent, one after the other; an outage is waited out, however long it takes."""

    def __init__(self, client: Client, agent: str, do: Callable[[Work], Result]) -> None:
        self.client, self.agent, self.do = client, agent, do
        self.stopping = threading.Event()

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, and finish what is in hand then."""
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: self.stopping.set())
        with suppress(Stopped):
            while not self.stopping.is_set():
                self.once(wait=WAIT_SECONDS)

    def once(self, *, wait: int = 0) -> bool:
        """Do one item; whether there was one."""
        asked = {"agent": self.agent, "seconds": LEASE_SECONDS, "wait": wait}
        items = self.patiently(lambda: self.client.post("work/lease", asked))["items"]
        for leased in items:
            work = Work(self.client, leased["lease"], leased["item"], leased["work_context"])
            with kept_alive(self.client, work.lease), suppress_stale():
                self.reply(work)
        return bool(items)

    def reply(self, work: Work) -> None:
        """Do the item and say what came of it. Raises Problem when the lease is lost."""
        try:
            result = self.do(work)
        except Ask as ask:
            self.say(work, "ask", {"reason": ask.reason, "fields": ask.fields})
        except Fail as fail:
            self.say(work, "fail", {"reason": fail.reason, "retryable": fail.retryable})
        except (Problem, Stopped):
            raise
        except Exception as error:
            self.say(work, "fail", {"reason": f"{type(error).__name__}: {error}", "category": "TOOL_FAILURE"})
        else:
            made = {"type": result.type, "content": result.content, "confidence": result.confidence}
            self.say(work, "deliverables", made)
            self.say(work, "complete", {"evidence": result.evidence})

    def say(self, work: Work, what: str, said: dict[str, Any]) -> None:
        """One reply about the item. Raises Problem when the lease is lost, which a long outage may bring with it."""
        self.patiently(lambda: self.client.post(f"work/{work.lease}/{what}", said))

    def patiently(self, call: Callable[[], Json]) -> Json:
        """What the call answers, made again after growing pauses while Interlock is away. Raises Stopped or Problem."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return call()
            except (httpx.TransportError, Problem) as error:
                if isinstance(error, Problem) and not error.may_pass:
                    raise
                logger.warning("Interlock is away, trying again within %g s: %s", pause, error)
                if self.stopping.wait(pause * random.uniform(0.5, 1)):
                    raise Stopped from error
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


@contextmanager
def suppress_stale() -> Iterator[None]:
    """A lost lease ends the item and not the worker: another has it."""
    try:
        yield
    except Problem as problem:
        if problem.type != STALE:
            raise


@contextmanager
def kept_alive(client: Client, lease: str) -> Iterator[None]:
    """The lease is kept while the block runs, by a word every third of its time."""
    over = threading.Event()

    def keep() -> None:
        while not over.wait(LEASE_SECONDS / 3):
            with suppress(Problem, httpx.TransportError):
                client.post(f"work/{lease}/heartbeat")

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
