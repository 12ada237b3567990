"""Keeps a system running: the program that `manage.py up` becomes after its checks and its migrations.

It lives as long as the system and needs the standard library only, so it takes a sixth of the memory of a process with
Django. Neither this module nor what it imports may import Django or another package; a test holds it.
"""

import json
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn, Self, TextIO

from environment.heartbeat import UP, Heartbeat
from runtime.addresses import is_served
from runtime.embedded import EmbeddedServerError, EmbeddedValkey, Reach
from runtime.supervisor import Child, Supervisor, stop_on_signals
from telemetry.log_lines import Form, formatter, line_of_child

# Deaths of the web process before its first page after which everything is stopped.
MOST_DEATHS = 3
ROOT = Path(__file__).resolve().parent.parent
# Without the folder of the script (-P) and the installed packages (-S), but with the operator's PYTHON… variables.
PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from runtime.keeper import main; main(int(sys.argv[2]))"


class WebDoesNotStart(Exception):
    """The web process ends before it serves a page; the message says where the reason is."""


@dataclass(frozen=True)
class EmbeddedBroker:
    """The embedded broker to run: its data folder, the path of its program, and who reaches it."""

    folder: str
    program: str
    reach: Reach

    def server(self) -> EmbeddedValkey:
        """Return the server, not started."""
        return EmbeddedValkey(Path(self.folder), self.reach, program=self.program)


@dataclass(frozen=True)
class Plan:
    """What to keep running, and how to speak of it.

    `web` is HOST:PORT and `host_name` a name that its pages accept; `lock` is the open descriptor that locks the data
    folder for as long as this process lives. With `traceback` an error shows where it was raised.
    """

    children: list[Child]
    broker: EmbeddedBroker | None
    web: str | None
    host_name: str
    data_dir: str
    lock: int
    log_form: Form
    log_level: str
    traceback: bool = False

    @classmethod
    def read(cls, file: TextIO) -> Self:
        """Return the plan that `write` has written to the file."""
        fields = json.load(file)
        children = [Child(**child) for child in fields.pop("children")]
        if broker := fields.pop("broker"):
            broker = EmbeddedBroker(**{**broker, "reach": Reach(**broker["reach"])})
        return cls(children=children, broker=broker, **fields)

    def write(self, file: TextIO) -> None:
        """Write the plan to the file as JSON, and go back to the file's beginning."""
        json.dump(asdict(self), file)
        file.seek(0)


def become_keeper(plan: Plan) -> NoReturn:
    """Replace this process by the keeper, which keeps its id, its lock, and the signals that wait.

    The plan goes through a file without a name: it holds the broker's password, which the list of processes must not
    show. That list shows the command of before at the end of the line.
    """
    with tempfile.TemporaryFile("w+", dir=plan.data_dir) as file:
        plan.write(file)
        for descriptor in (file.fileno(), plan.lock):
            os.set_inheritable(descriptor, True)
        sys.stdout.flush()
        sys.stderr.flush()
        options = ["-P", "-S", "-c", PROGRAM, str(ROOT), str(file.fileno())]
        os.execv(sys.executable, [sys.executable, *options, *sys.argv])  # noqa: S606 - a shell would get the signals


def main(descriptor: int) -> None:
    """Keep running what the plan in this open file says. Raises SystemExit with a sentence if that is impossible."""
    stop = threading.Event()
    stop_on_signals(stop)
    with open(descriptor) as file:
        plan = Plan.read(file)
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(plan.log_form))
    logging.basicConfig(handlers=[handler], level=plan.log_level)
    try:
        keep(plan, stop)
    except BrokenPipeError:
        # The reader of the output has ended: without this, Python would complain of it once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (EmbeddedServerError, WebDoesNotStart) as error:
        if plan.traceback:
            raise
        sys.exit(f"CommandError: {error}" if isinstance(error, WebDoesNotStart) else str(error))


def keep(plan: Plan, stop: threading.Event) -> None:
    """Keep the broker and the children running until `stop` is set, then end them.

    Raises EmbeddedServerError and WebDoesNotStart.
    """
    server = plan.broker.server() if plan.broker else None
    heartbeat = Heartbeat(Path(plan.data_dir), [UP])
    with server or nullcontext(), Supervisor(plan.children, form=plan.log_form) as supervisor, heartbeat:
        opening = Opening(supervisor, plan, lambda text: print_line(text, plan.log_form))
        turns: list[Callable[[], object]] = [opening.look, *([server.ensure_running] if server else [])]
        supervisor.run_until(stop, each_turn=lambda: [turn() for turn in turns])
    print_line("Interlock is down", plan.log_form)


def print_line(text: str, form: Form) -> None:
    """Print the line at once, also where the output is a file or a pipe; where the log is JSON, as JSON."""
    sys.stdout.write(f"{text if form == 'text' else line_of_child('up', 0, text, form)}\n")
    sys.stdout.flush()


class Opening:
    """Prints once that the system is up: when its pages answer, or at once where there are none."""

    def __init__(self, supervisor: Supervisor, plan: Plan, say: Callable[[str], object]) -> None:
        self.supervisor, self.plan, self.say, self.is_announced = supervisor, plan, say, False

    def look(self) -> None:
        """Print the line if the system is up.

        Raises WebDoesNotStart if the web ends MOST_DEATHS times before its first page.
        """
        if self.is_announced:
            return
        if self.is_open():
            where = f" at http://{self.plan.web}/ (staff: /admin/)" if self.plan.web else ""
            self.say(f"Interlock is up{where}; data in {self.plan.data_dir}")
            self.is_announced = True
        elif self.supervisor.deaths["web"] >= MOST_DEATHS:
            raise WebDoesNotStart(
                "The web process does not start; the lines that begin with “web” say why. Everything was stopped."
            )

    def is_open(self) -> bool:
        """Return True if there are no pages to wait for, or if they answer."""
        web = self.plan.web
        return web is None or ("web" in self.supervisor.pids and is_served(web, host_name=self.plan.host_name))
