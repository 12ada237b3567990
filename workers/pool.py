"""The worker's side of its child processes: gives an errand to an idle child, waits for the answer, replaces children.

A bad item harms no other item: one that runs too long, takes too much memory or crashes its process fails with a
reason in plain words, and the next item gets another child.
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

# How many idle children are kept: enough that the next item finds one, few enough to cost little memory.
MOST_IDLE = 4
# How often the worker checks, while a child works, whether the work is still wanted.
LOOK_SECONDS = 0.2
# A nursery that does not answer within this time is stuck and is replaced.
NURSERY_SECONDS = 30.0


class AgentTimedOut(ToolFailure):
    """The agent took longer than its time limit."""


class ChildDied(ToolFailure):
    """The agent's process ended in the middle of the item."""


class GivenUp(Exception):
    """The outcome is no longer wanted: the child was ended, and no reply is published."""


@dataclass
class Child:
    """A child process and the connection to it."""

    pid: int
    connection: Connection


class Nursery:
    """The connection to the nursery process; starts the process when first needed, and again after it died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def start_child(self) -> Child:
        """Start a child process. Raises OSError if none can be started."""
        worker_end, child_end = socket.socketpair()
        with self._lock, child_end:
            pid = self._ask(b"start", child_end)
        return Child(pid, Connection(worker_end.detach()))

    def end_child(self, child: Child) -> int:
        """End the child process, wait until it has ended, and return its wait status."""
        child.connection.close()
        with self._lock:
            return self._ask(b"end %d" % child.pid) if self._process else 0

    def close(self) -> None:
        """End the nursery process, and with it every child."""
        with self._lock:
            self._stop()

    def _ask(self, message: bytes, child_end: socket.socket | None = None) -> int:
        """Send the message to the nursery and return its answer; `child_end` is the socket for a new child.

        A nursery that died killed its children too. It is replaced, once, if a new child is asked for; a message
        about an old child then needs no answer and returns 0. Raises OSError if no child can be started.
        """
        for is_last in (False, True):
            try:
                control = self._running() if child_end else self._control
                if control is None:
                    return 0
                socket.send_fds(control, [message], [child_end.fileno()] if child_end else [])
                if answer := control.recv(100):
                    return int(answer)
                raise ConnectionError("The process that starts children has ended.")
            except OSError:
                self._stop()
                if is_last or not child_end:
                    if child_end:
                        raise
                    return 0
        raise AssertionError("unreachable")

    def _running(self) -> socket.socket:
        """Return the socket to the nursery process; start the process first if none runs."""
        if self._control is None:
            self._control, nursery_end = socket.socketpair()
            self._control.settimeout(NURSERY_SECONDS)
            arguments = [str(nursery_end.fileno()), str(settings.AGENT_MEMORY_MB * 1024 * 1024)]
            path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
            # -P: a folder `workers` of another project may be in the current folder, which -m would look into first.
            with nursery_end:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "workers.nursery", *arguments],
                    stdin=subprocess.DEVNULL,
                    pass_fds=[nursery_end.fileno()],
                    env={**os.environ, "PYTHONPATH": path},
                )
        return self._control

    def _stop(self) -> None:
        """Close the socket, so that the nursery ends with all its children; kill it if it has not after 2 seconds."""
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
    """The child processes of this worker; each does one errand at a time and is used again."""

    def __init__(self) -> None:
        self.nursery = Nursery()
        self._idle: list[Child] = []
        self._lock = threading.Lock()

    def run(self, errand: Errand, *, seconds: float, progressed: Progressed, is_unwanted: Callable[[], bool]) -> Result:
        """Run the errand in a child and return the agent's result.

        `seconds` is the time limit. Raises what the agent raised, AgentTimedOut, ChildDied, or GivenUp as soon as
        `is_unwanted` returns True.
        """
        packed = pickle.dumps(errand)
        child = self.hand_out(packed)
        try:
            answer = wait_for_answer(child, seconds, progressed, is_unwanted)
        except (EOFError, OSError):
            raise ChildDied(cause_of_death(self.nursery.end_child(child))) from None
        except BaseException:
            self.nursery.end_child(child)
            raise
        self.keep(child, answer)
        return result_in(answer)

    def hand_out(self, packed: bytes) -> Child:
        """Send the pickled errand to an idle child, or to a new one if no idle one lives, and return that child."""
        while child := self.pop_idle():
            try:
                child.connection.send_bytes(packed)
            except OSError:
                self.nursery.end_child(child)
            else:
                return child
        child = self.nursery.start_child()
        child.connection.send_bytes(packed)
        return child

    def pop_idle(self) -> Child | None:
        """Remove an idle child from the pool and return it; None if there is none."""
        with self._lock:
            return self._idle.pop() if self._idle else None

    def keep(self, child: Child, answer: tuple[Any, ...]) -> None:
        """Keep the child for the next errand; end it if it ran out of memory or MOST_IDLE children are idle."""
        is_spent = answer[:2] == ("failed", OUT_OF_MEMORY)
        with self._lock:
            is_kept = not is_spent and len(self._idle) < MOST_IDLE
            if is_kept:
                self._idle.append(child)
        if not is_kept:
            self.nursery.end_child(child)

    def close(self) -> None:
        """End every child and the nursery process."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.connection.close()
        self.nursery.close()


OUT_OF_MEMORY = "out of memory"


def wait_for_answer(
    child: Child, seconds: float, progressed: Progressed, is_unwanted: Callable[[], bool]
) -> tuple[Any, ...]:
    """Pass on the child's progress and return its final answer.

    Raises AgentTimedOut after `seconds`, GivenUp as soon as `is_unwanted`, EOFError if the child dies.
    """
    deadline = time.monotonic() + seconds
    while True:
        remaining = deadline - time.monotonic()
        if child.connection.poll(max(0.0, min(remaining, LOOK_SECONDS))):
            message = pickle.loads(child.connection.recv_bytes(MOST_ANSWER_BYTES))  # noqa: S301 - from our own child
            if message[0] != "progressed":
                return tuple(message)
            progressed(message[1], message[2])
        elif remaining <= 0:
            raise AgentTimedOut(f"The agent did not finish within {seconds:g} seconds, so its process was ended.")
        if is_unwanted():
            raise GivenUp


def result_in(answer: tuple[Any, ...]) -> Result:
    """Return the result in a child's answer. Raises the error that the answer describes instead, if it does."""
    kind, *values = answer
    if kind == "result":
        result: Result = values[0]
        return result
    if kind == "missing":
        raise Missing(values[0], values[1])
    reason, category, retryable, trace = values
    if reason == OUT_OF_MEMORY:
        raise ToolFailure(
            f"The agent needs more memory than the {settings.AGENT_MEMORY_MB} MB that one item may use: "
            "send fewer rows, or ask an operator to raise AGENT_MEMORY_MB."
        )
    kinds = {"DATA_INSUFFICIENCY": DataInsufficient, "REASONING_CONTRADICTION": Contradiction}
    error = kinds.get(category, ToolFailure)(reason, retryable=retryable)
    if trace:
        error.add_note(trace)
    raise error


def cause_of_death(status: int) -> str:
    """Return in words why a child process ended, from its wait status."""
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return f"The agent's process was ended by {name} in the middle of the item: out of memory, or a broken library."
    return f"The agent's process ended by itself in the middle of the item (exit code {os.WEXITSTATUS(status)})."


@cache
def process_pool() -> Pool:
    """Return the one pool of this process; its children end when the process exits."""
    instance = Pool()
    atexit.register(instance.close)
    return instance
