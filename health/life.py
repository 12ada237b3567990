"""Says whether a process of this machine lives: `manage.py health --kind KIND`, without Django, so in little time.

A container asks it every few seconds. It reads the files that processes write (`environment/heartbeat.py`), and asks
neither database nor broker: a process that waits for them lives, and a restart would not help.
"""

import argparse
import fcntl
import json
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from environment import installation, variables
from environment.heartbeat import FOLDER, UP

BASE = Path(__file__).resolve().parent.parent
# A process writes its file every 2 s. On a machine that is busy it may be late, and a look at an outage takes 6 s.
FROZEN_SECONDS = 15.0


@dataclass(frozen=True)
class Life:
    """One process of this machine: its roles, seconds since its sign of life, and {loop: seconds} of stuck loops."""

    process: int
    roles: Sequence[str]
    silent: float
    stuck: dict[str, int]

    @property
    def fault(self) -> str:
        """Return what is wrong with the process and what to do; empty if it lives."""
        name = f"Process {self.process} ({', '.join(self.roles)})"
        if self.silent > FROZEN_SECONDS:
            return f"{name} has shown no sign of life for {self.silent:.0f} s: it is frozen. Start it again."
        if self.stuck:
            loops = ", ".join(f"{loop} for {seconds} s" for loop, seconds in self.stuck.items())
            words = "though database and broker answer: it is stuck. Start it again, and keep its log."
            return f"{name} stands still in {loops}, {words}"
        return ""


def main(words: Sequence[str]) -> int:
    """Print whether the processes of the kind live that the command line names, and return the exit code."""
    parser = argparse.ArgumentParser(prog=f"{installation.command_name(BASE)} health")
    parser.add_argument("--kind", required=True)
    parser.add_argument("--json", action="store_true")
    chosen, _others = parser.parse_known_args(words)
    try:
        folder = installation.data_dir(installation.environment(BASE), BASE)
    except variables.InvalidVariable as error:
        sys.exit(str(error))
    text, code = report(chosen.kind, list(lives(folder)), as_json=chosen.json)
    sys.stdout.write(text + "\n")
    return code


def report(kind: str, running: Sequence[Life], *, as_json: bool) -> tuple[str, int]:
    """Return in words or as JSON whether the processes of this kind live, and the exit code: 0 if all do, else 1."""
    asked = [life for life in running if kind in (UP, *life.roles)]
    is_running = any(kind in life.roles for life in running)
    faults = [life.fault for life in asked if life.fault] if is_running else [nobody(kind, running)]
    if not as_json:
        return "\n".join(faults or [f"{kind}: {len(asked)} live"]), 1 if faults else 0
    processes = [{"process": life.process, "roles": life.roles, "ok": not life.fault} for life in asked]
    return json.dumps({"ok": not faults, "says": " ".join(faults), "processes": processes}), 1 if faults else 0


def nobody(kind: str, running: Sequence[Life]) -> str:
    """Return the sentence for a kind of which no process runs here."""
    there = sorted({role for life in running for role in life.roles})
    words = f"Running here: {', '.join(there)}." if there else "No process of Interlock runs here."
    return f"No process of the kind {kind!r} runs on this machine with this data folder. {words}"


def lives(data: Path) -> Iterator[Life]:
    """Yield the processes of this machine that use the data folder; files of those that died are removed."""
    for path in sorted((data / FOLDER).glob("*")):
        if path.name.rpartition(" ")[0] != socket.gethostname():
            continue  # of another machine or container, which is asked there
        with suppress(FileNotFoundError), path.open() as file:
            if is_locked(file.fileno()):
                yield read_life(file)
            else:
                path.unlink(missing_ok=True)


def read_life(file: IO[str]) -> Life:
    """Return what the file says; what was just being written is read again. Raises JSONDecodeError for another file."""
    for wait in (0.05, 0.2, None):
        file.seek(0)
        try:
            said = json.load(file)
        except json.JSONDecodeError:
            if wait is None:
                raise
            time.sleep(wait)
        else:
            break
    return Life(said["process"], said["roles"], time.monotonic() - said["at"], said["stuck"])


def is_locked(file: int) -> bool:
    """Return True if the process that wrote the file still has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
