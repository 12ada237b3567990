"""The worker's side of its child processes: takes a warm one, hears it, ends it at its time, and replaces it.

One item costs only itself: what runs too long, takes too much memory or ends its process is a failure of that item,
with a reason in plain words, and the next item gets another child.
"""

import atexit
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection
from typing import Any

from django.conf import settings

from workers.child import MOST_ANSWER_BYTES
from workers.contract import Contradiction, DataInsufficient, Missing, Result, ToolFailure
from workers.errand import Errand, Progressed

# Idle children that are kept: enough that the next item finds one, few enough to be forgotten.
MOST_IDLE = 4
# How often somebody asks, while a child works, whether the work is still wanted.
LOOK_SECONDS = 0.2
# A nursery that cannot fork for so long is stuck.
NURSERY_SECONDS = 30.0


class AgentTimedOut(ToolFailure):
    """The agent took longer than it may."""


class ChildDied(ToolFailure):
    """The agent's process ended in the middle of the item."""


class GivenUp(Exception):
    """Nobody wants the outcome any more: the child was ended, and nothing is to be said."""


@dataclass
class Child:
    """A child process and the connection to it."""

    pid: int
    connection: Connection


class Nursery:
    """The process that forks and ends children; started when first needed, and again when it died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def start_child(self) -> Child:
        """A new child. Raises OSError when none can be had."""
        ours, theirs = socket.socketpair()
        with self._lock, theirs:
            pid = self._ask(b"start", theirs)
        return Child(pid, Connection(ours.detach()))

    def end_child(self, child: Child) -> int:
        """The wait status of the child, which is gone when this returns."""
        child.connection.close()
        with self._lock:
            return self._ask(b"end %d" % child.pid) if self._process else 0

    def close(self) -> None:
        """End the nursery and every child."""
        with self._lock:
            self._give_up()

    def _ask(self, said: bytes, passed: socket.socket | None = None) -> int:
        """The nursery's answer; a dead nursery took its children along, and is replaced where a child is wanted."""
        for is_last in (False, True):
            try:
                control = self._running() if passed else self._control
                if control is None:
                    return 0
                socket.send_fds(control, [said], [passed.fileno()] if passed else [])
                if answer := control.recv(100):
                    return int(answer)
                raise ConnectionError("The process that starts children has ended.")
            except OSError:
                self._give_up()
                if is_last or not passed:
                    if passed:
                        raise
                    return 0
        raise AssertionError("unreachable")

    def _running(self) -> socket.socket:
        """The socket to the nursery, which runs."""
        if self._control is None:
            self._control, theirs = socket.socketpair()
            self._control.settimeout(NURSERY_SECONDS)
            words = [str(theirs.fileno()), str(settings.AGENT_MEMORY_MB * 1024 * 1024)]
            path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "workers.nursery", *words],
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    env={**os.environ, "PYTHONPATH": path},
                )
        return self._control

    def _give_up(self) -> None:
        """Hang up, on which the nursery ends with all its children."""
        if self._control:
            self._control.close()
        if self._process:
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._control = self._process = None


class Pool:
    """Children that are warm; each does one errand at a time."""

    def __init__(self) -> None:
        self.nursery = Nursery()
        self._idle: list[Child] = []
        self._lock = threading.Lock()

    def run(self, errand: Errand, *, seconds: float, progressed: Progressed, is_unwanted: Callable[[], bool]) -> Result:
        """The agent's result, from a child. Raises what the agent raised, AgentTimedOut, ChildDied or GivenUp."""
        packed = pickle.dumps(errand)
        child = self.given(packed)
        try:
            answer = hear(child, seconds, progressed, is_unwanted)
        except (EOFError, OSError):
            raise ChildDied(cause_of_death(self.nursery.end_child(child))) from None
        except BaseException:
            self.nursery.end_child(child)
            raise
        self.keep(child, answer)
        return outcome(answer)

    def given(self, packed: bytes) -> Child:
        """A child that was given the errand: an idle one, or a new one where none is or the idle one had died."""
        while child := self.idle():
            try:
                child.connection.send_bytes(packed)
            except OSError:
                self.nursery.end_child(child)
            else:
                return child
        child = self.nursery.start_child()
        child.connection.send_bytes(packed)
        return child

    def idle(self) -> Child | None:
        """A child that waits for an errand."""
        with self._lock:
            return self._idle.pop() if self._idle else None

    def keep(self, child: Child, answer: tuple[Any, ...]) -> None:
        """Keep the child for the next errand, unless it ran out of memory or there are enough."""
        is_spent = answer[:2] == ("failed", OUT_OF_MEMORY)
        with self._lock:
            is_kept = not is_spent and len(self._idle) < MOST_IDLE
            if is_kept:
                self._idle.append(child)
        if not is_kept:
            self.nursery.end_child(child)

    def close(self) -> None:
        """End every child."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.connection.close()
        self.nursery.close()


OUT_OF_MEMORY = "out of memory"


def hear(child: Child, seconds: float, progressed: Progressed, is_unwanted: Callable[[], bool]) -> tuple[Any, ...]:
    """The child's last word. Raises AgentTimedOut, GivenUp, or EOFError when it dies."""
    ends = time.monotonic() + seconds
    while True:
        left = ends - time.monotonic()
        if child.connection.poll(max(0.0, min(left, LOOK_SECONDS))):
            said = pickle.loads(child.connection.recv_bytes(MOST_ANSWER_BYTES))  # noqa: S301 - a process of ours
            if said[0] != "progressed":
                return tuple(said)
            progressed(said[1], said[2])
        elif left <= 0:
            raise AgentTimedOut(f"Not finished within {seconds:g} seconds.")
        if is_unwanted():
            raise GivenUp


def outcome(answer: tuple[Any, ...]) -> Result:
    """The result that the answer carries. Raises what it says instead."""
    kind, *said = answer
    if kind == "result":
        result: Result = said[0]
        return result
    if kind == "missing":
        raise Missing(said[0], said[1])
    reason, category, retryable, trace = said
    if reason == OUT_OF_MEMORY:
        raise ToolFailure(f"It needs more memory than the {settings.AGENT_MEMORY_MB} MB that one item may take.")
    kinds = {"DATA_INSUFFICIENCY": DataInsufficient, "REASONING_CONTRADICTION": Contradiction}
    error = kinds.get(category, ToolFailure)(reason, retryable=retryable)
    if trace:
        error.add_note(trace)
    raise error


def cause_of_death(status: int) -> str:
    """Why a child's process ended, in words."""
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return f"The agent's process was ended by {name} in the middle of the item: out of memory, or a broken library."
    return f"The agent's process ended by itself in the middle of the item (exit code {os.WEXITSTATUS(status)})."


@cache
def pool() -> Pool:
    """This process's children."""
    made = Pool()
    atexit.register(made.close)
    return made
