"""The demonstration: the whole system in a private folder, one project from the request to the report."""

import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from secrets import token_hex
from typing import Any

from django.conf import settings
from django.core.management import call_command
from rich.console import Console

from backlog import blueprints
from backlog.errors import UnknownTemplate
from backlog.models import Project, Template
from backlog.states import ProjectStatus
from clarifications.models import Question
from console.asking import give, panel
from console.follow import Progress, watch
from console.outcome import outcome
from console.report_view import report
from intake.spreadsheets import Unreadable
from intake.submitting import Request, open_request
from runtime.supervisor import Supervisor
from runtime.system import broker, children

FOLDER = "INTERLOCK_DEMO_DIR"
# What is answered when the hourly rate is asked for.
USUAL_RATE = Decimal(45)
LONGEST_TITLE = 200
SAMPLE = settings.BASE_DIR / "examples" / "finance_month.csv"
TEXT = "Find out where the team loses time. The report must show what that costs and what an agent could take over."


class NoAnswer(Exception):
    """A question came that the demonstration has no answer to."""


class ProcessEnded(Exception):
    """A process of the system ended by itself."""


class Interruption:
    """A signal handler that ends the program, and remembers that it should.

    What a handler raises inside a weak reference's callback or a finalizer is lost: `check` raises it again.
    """

    number = 0

    def __call__(self, number: int, frame: object = None) -> None:
        self.number = number
        self.check()

    def check(self) -> None:
        """Raise SystemExit if a signal has come."""
        if self.number:
            raise SystemExit(128 + self.number)


@dataclass(frozen=True)
class Wishes:
    """What the caller wants demonstrated."""

    file: Path = SAMPLE
    rate: Decimal | None = None
    template: str = "audit"
    seconds: float = 600


def in_private_folder() -> bool:
    """Whether this process was started again with settings of its own."""
    return FOLDER in os.environ


def start_again_in_private_folder() -> None:
    """Replace this process by one whose settings point to a fresh folder; a database or broker named stays named."""
    folder = tempfile.mkdtemp(prefix="interlock-demo-")
    private = {FOLDER: folder, "DATA_DIR": folder, "NAMESPACE": f"demo-{token_hex(4)}", "LOG_LEVEL": "WARNING"}
    private |= {"EMBEDDED_BROKER_PORT": "", "STREAM_NAME": "", "DLQ_STREAM": ""}  # those of a system that is up
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **private})  # noqa: S606


class Demonstration:
    """One run. `console` is where a person reads; what it returns is the result as plain data."""

    def __init__(self, wishes: Wishes, console: Console, interruption: Interruption) -> None:
        self.wishes, self.console, self.interruption = wishes, console, interruption
        self.folder, self.title = Path(os.environ[FOLDER]), ""

    def run(self) -> dict[str, Any]:
        """Start everything, do the project, stop everything. The folder is kept when something went wrong in it."""
        started = time.monotonic()
        try:
            call_command("migrate", verbosity=0)
            self.title = title_of(blueprints.newest(self.wishes.template), self.wishes.file)
            with broker(), Supervisor(children(web=None, excepted=[]), log_dir=self.folder / "logs") as supervisor:
                self.console.print(f"Started: {', '.join(['broker', *supervisor.pids])}", style="dim")
                project = self.do_project(supervisor)
                memory = peak_memory(supervisor.pids)
        except (SystemExit, Unreadable, UnknownTemplate):
            self.clear_away()
            raise
        except BaseException:
            self.tell_where_the_logs_are()
            raise
        result = outcome(project) | {"seconds": round(time.monotonic() - started, 2), "peak_memory_mib": memory}
        self.show(project, result)
        if project.status == ProjectStatus.DONE:
            self.clear_away()
        else:
            self.tell_where_the_logs_are()
        return result

    def clear_away(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def tell_where_the_logs_are(self) -> None:
        """Where to look for what went wrong."""
        self.console.print(f"It did not end well; what each process said is in {self.folder / 'logs'}", style="red")

    def do_project(self, supervisor: Supervisor) -> Project:
        """Hand the request in, follow it, and answer what is asked."""
        given = {} if self.wishes.rate is None else {"hourly_rate": plain_number(self.wishes.rate)}
        asked = Request(TEXT, self.title, self.wishes.file, self.wishes.template, requester="demo", context=given)
        project = open_request(asked)
        self.tell_intake(project)
        progress, running = Progress(self.console), set(supervisor.pids)
        for sight in watch(project.pk, seconds=self.wishes.seconds):
            progress.show(sight)
            self.interruption.check()
            if ended := running - set(supervisor.pids):
                raise ProcessEnded(f"{', '.join(sorted(ended))} ended by itself; its log says why.")
            if sight.question is not None:
                self.answer(sight.question)
        return sight.project

    def tell_intake(self, project: Project) -> None:
        """What reading the file said."""
        intake = project.intake
        rate = "without an hourly rate" if self.wishes.rate is None else f"with an hourly rate of {self.wishes.rate}"
        self.console.print(f"Handed in: {intake['file']}, {intake['rows_read']:,} rows, {rate}")
        for warning in intake["warnings"][:5]:
            self.console.print(f"  row {warning['row']}: {warning['message']}", style="yellow")
        if intake["row_warnings"] > 5:
            self.console.print(f"  and {intake['row_warnings'] - 5:,} more rows with a warning", style="yellow")

    def answer(self, question: Question) -> None:
        """Show the question as a person sees it, and answer it. Raises NoAnswer."""
        value = self.answer_to(question)
        self.console.print(panel(question, f"\nAnswer: {value}"))
        give(question, value, by="somebody")

    def answer_to(self, question: Question) -> Any:
        """The usual rate for the rate; for anything else what its schema suggests. Raises NoAnswer."""
        if question.field == "hourly_rate":
            return plain_number(USUAL_RATE)
        if question.kind == Question.Kind.APPROVAL:
            return {"approved": True}
        suggested = [question.schema[key] for key in ("default",) if key in question.schema]
        for value in [*suggested, *question.schema.get("examples", [])]:
            return value
        raise NoAnswer(f"“{question.title}” is asked, and the demonstration has no answer: try `make up`.")

    def show(self, project: Project, result: dict[str, Any]) -> None:
        """The report, and what it took."""
        self.console.print(report(project.title, result["deliverables"]))
        largest = max(result["peak_memory_mib"].items(), key=lambda pair: pair[1], default=("", 0))
        self.console.print(
            f"\nProject {project.status} in {result['seconds']} s: {len(result['items'])} items,"
            f" {len(result['questions'])} question(s), {sum(result['events'].values())} events,"
            f" {result['dead_letters']} dead letters; at most {largest[1]:.0f} MiB in one process ({largest[0]})",
            style="green" if project.status == ProjectStatus.DONE else "red",
        )


def title_of(template: Template, file: Path) -> str:
    """Return what the project is called: the title of its template, and the file."""
    return f"{template.definition['title']}: {file.name}"[:LONGEST_TITLE]


def plain_number(number: Decimal) -> int | float:
    """Return the number as JSON has it."""
    return int(number) if number == int(number) else float(number)


def peak_memory(pids: dict[str, int]) -> dict[str, float]:
    """The most memory each process ever had resident, in MiB, where the system tells (Linux)."""
    found: dict[str, float] = {}
    for name, pid in {**pids, "demo": os.getpid()}.items():
        status = Path(f"/proc/{pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        for line in lines:
            if line.startswith("VmHWM"):
                found[name] = round(int(line.split()[1]) / 1024, 1)
    return found
