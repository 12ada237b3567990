"""Keeps a set of processes running, prints their output, and ends them together."""

import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self, TextIO

from runtime.processes import tied_to_parent, wait_or_kill
from telemetry.log_lines import Form, line_of_child

logger = logging.getLogger(__name__)

# Wait before a child that ended is started again; doubled at each death in a row, so that a broken one costs little.
FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 10.0
# A child that lived this long was healthy: its earlier deaths are forgotten.
HEALTHY_SECONDS = 60.0
# What asks for the end of everything.
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Seconds between two looks at the children; also the longest time for which a stop request waits.
TURN_SECONDS = 0.1


@dataclass(frozen=True)
class Child:
    """A process to keep running; `env` is added to the environment of this process."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Slot:
    """The state of one child: its present process, or the time of its next start."""

    child: Child
    process: subprocess.Popen[str] | None = None
    reader: threading.Thread | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    deaths: int = 0
    exit_code: int = 0

    def postpone(self, now: float) -> None:
        """Set the next start later, by a delay that grows with each death in a row."""
        self.deaths = 1 if now - self.started_at >= HEALTHY_SECONDS else self.deaths + 1
        self.start_at = now + restart_delay(self.deaths)


def restart_delay(deaths: int) -> float:
    """Return the seconds to wait before the next start, after this number of deaths in a row.

    The upper half is random, so that children spread out.
    """
    longest = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** min(deaths, 16))
    return random.uniform(longest / 2, longest)


class Supervisor:
    """Runs children until it is stopped; with `log_dir` each child's output goes to a file, else to `output`.

    Use it in one thread that lives as long as the process: the end of that thread would end the children.
    """

    def __init__(
        self,
        children: Iterable[Child],
        *,
        log_dir: Path | None = None,
        output: TextIO | None = None,
        form: Form = "text",
    ) -> None:
        """Starts no child yet. `form` is the form of the log lines of the children."""
        self._slots = [Slot(child) for child in children]
        self._log_dir = log_dir
        self._output = output or sys.stdout
        self._form = form
        self._width = max((len(slot.child.name) for slot in self._slots), default=0)

    def __enter__(self) -> Self:
        """Start the children."""
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        """Stop the children."""
        self.stop()

    @property
    def pids(self) -> dict[str, int]:
        """Return {name: process id} of the children that are alive now."""
        return {
            slot.child.name: slot.process.pid for slot in self._slots if slot.process and slot.process.poll() is None
        }

    @property
    def deaths(self) -> dict[str, int]:
        """Return {name: how often in a row the child has ended by itself}."""
        return {slot.child.name: slot.deaths for slot in self._slots}

    def start(self) -> None:
        """Start every child, in the given order."""
        if self._log_dir:
            self._log_dir.mkdir(parents=True, exist_ok=True)
        self._turn()

    def run_until(self, stop: threading.Event, *, each_turn: Callable[[], object] | None = None) -> None:
        """Keep the children running until `stop` is set; `each_turn` is called about ten times a second."""
        while not stop.wait(TURN_SECONDS):
            self._turn()
            if each_turn:
                each_turn()

    def stop(self, timeout: float = 10.0) -> dict[str, int]:
        """Send SIGTERM to all children, the last one first, then SIGKILL after `timeout` seconds.

        Return their exit codes.
        """
        deadline = time.monotonic() + timeout
        for slot in reversed(self._slots):
            if slot.process:
                slot.process.terminate()
        for slot in reversed(self._slots):
            self._wait_for_end(slot, deadline)
        return {slot.child.name: slot.exit_code for slot in self._slots}

    def _turn(self) -> None:
        """Note children that have ended, and start those whose start time has come."""
        now = time.monotonic()
        for slot in self._slots:
            if slot.process and slot.process.poll() is not None:
                self._note_death(slot, now)
            if slot.process is None and now >= slot.start_at:
                self._start(slot, now)

    def _note_death(self, slot: Slot, now: float) -> None:
        self._wait_for_end(slot, now)
        slot.postpone(now)
        message = "%s ended with code %s; it starts again in %.1f s"
        logger.warning(message, slot.child.name, slot.exit_code, slot.start_at - now)

    def _start(self, slot: Slot, now: float) -> None:
        try:
            slot.process = self._launch(slot.child)
        except OSError as error:
            slot.postpone(now)
            logger.warning("%s could not be started: %s", slot.child.name, error)
            return
        slot.started_at = now
        if slot.process.stdout:
            arguments = (slot.child.name, slot.process.stdout)
            slot.reader = threading.Thread(target=self._copy_lines, args=arguments, daemon=True)
            slot.reader.start()

    def _launch(self, child: Child) -> subprocess.Popen[str]:
        log = (self._log_dir / f"{child.name}.log").open("a") if self._log_dir else None
        try:
            return subprocess.Popen(
                tied_to_parent(child.argv),
                env={**os.environ, "PYTHONUNBUFFERED": "1", **child.env},
                stdin=subprocess.DEVNULL,
                stdout=log or subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        finally:
            if log:
                log.close()

    def _copy_lines(self, name: str, lines: IO[str]) -> None:
        """Copy every line of a child.

        Lines that cannot be printed are read too, since a full pipe would stop the child.
        """
        with lines:
            for line in lines:
                with suppress(OSError, ValueError):
                    self._output.write(line_of_child(name, self._width, line.rstrip(), self._form) + "\n")
                    self._output.flush()

    def _wait_for_end(self, slot: Slot, deadline: float) -> None:
        if slot.process:
            slot.exit_code = wait_or_kill(slot.process, seconds=deadline - time.monotonic())
        if slot.reader:
            slot.reader.join(timeout=1.0)
        slot.process = slot.reader = None


def hold_signals() -> None:
    """Have SIGTERM and SIGINT wait until `stop_on_signals` is called, also by a program that this process becomes.

    Call it before other threads are started: they would get the signals.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)


def stop_on_signals(stop: threading.Event) -> None:
    """Have SIGTERM and SIGINT set `stop`, also those that `hold_signals` held; call this from the main thread."""

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        # Another thread sets it: this one may be inside stop.wait(), holding the lock that set() needs.
        threading.Thread(target=stop.set).start()

    for number in STOP_SIGNALS:
        signal.signal(number, ask_to_stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
