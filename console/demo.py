"""The demonstration: start the whole system in a private folder and do one project, from the request to the report."""

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
from console.asking import question_panel, submit_answer
from console.follow import Progress, watch_project
from console.outcome import project_outcome
from console.report_view import report_parts
from intake.spreadsheets.sheet import Unreadable
from intake.submitting import Request, open_request
from pages.phrases import warning_in_words
from runtime.embedded import EmbeddedServerError
from runtime.supervisor import Supervisor
from runtime.system import manage_command, running_broker, system_processes

FOLDER_VARIABLE = "INTERLOCK_DEMO_DIR"
# The answers to the questions for the hourly rate, and for the period of rows without dates.
ANSWERED_RATE = Decimal(45)
ANSWERED_PERIOD = {"type": "month"}
LONGEST_TITLE = 200
SAMPLE_FILE = settings.BASE_DIR / "examples" / "finance_month.csv"
REQUEST_TEXT = (
    "Find out where the team loses time. The report must show what that costs and what an agent could take over."
)


class NoAnswer(Exception):
    """The demonstration has no answer to a question."""


class ProcessEnded(Exception):
    """A process of the system ended although nobody stopped it."""


class Interruption:
    """A signal handler that ends the program and remembers the signal.

    Python loses an exception that a handler raises inside a weak reference's callback or a finalizer; `check` raises
    it again.
    """

    number = 0

    def __call__(self, number: int, frame: object = None) -> None:
        self.number = number
        self.check()

    def check(self) -> None:
        """Raise SystemExit if a signal was received."""
        if self.number:
            raise SystemExit(128 + self.number)


@dataclass(frozen=True)
class DemoOptions:
    """The options of the demonstration; without a `rate` the project asks for it; `seconds` is the time limit."""

    file: Path = SAMPLE_FILE
    rate: Decimal | None = None
    currency: str = "EUR"
    template: str = "audit"
    seconds: float = 600


def in_private_folder() -> bool:
    """Return True if this process is the restarted one, with its own settings."""
    return FOLDER_VARIABLE in os.environ


def start_again_in_private_folder() -> None:
    """Replace this process by one whose settings point to a new folder.

    A database or broker that the environment names is still used.
    """
    folder = tempfile.mkdtemp(prefix="interlock-demo-")
    private = {FOLDER_VARIABLE: folder, "DATA_DIR": folder, "NAMESPACE": f"demo-{token_hex(4)}", "LOG_LEVEL": "WARNING"}
    # Settings of a system that runs at the same time must not be used.
    private |= {"EMBEDDED_BROKER_PORT": "", "STREAM_NAME": "", "DLQ_STREAM": ""}
    os.execve(sys.executable, manage_command(*sys.argv[1:]), {**os.environ, **private})  # noqa: S606


class Demonstration:
    """One run of the demonstration; `console` shows its progress to a person."""

    def __init__(self, options: DemoOptions, console: Console, interruption: Interruption) -> None:
        self.options, self.console, self.interruption = options, console, interruption
        self.folder, self.title = Path(os.environ[FOLDER_VARIABLE]), ""

    def run(self) -> dict[str, Any]:
        """Start the system, do the project, stop the system, and return the result as plain data.

        The folder is deleted, except after a failure: then it is kept with its logs.
        """
        started = time.monotonic()
        try:
            call_command("migrate", verbosity=0)
            self.title = title_of(blueprints.newest_version(self.options.template), self.options.file)
            with (
                running_broker(),
                Supervisor(system_processes(web=None), log_dir=self.folder / "logs") as supervisor,
            ):
                self.console.print(f"Started: {', '.join(['broker', *supervisor.pids])}", style="dim")
                project = self.do_project(supervisor)
                memory = peak_memory(supervisor.pids)
        except (SystemExit, Unreadable, UnknownTemplate, EmbeddedServerError):
            self.delete_folder()
            raise
        except BaseException:
            self.print_log_folder()
            raise
        result = project_outcome(project) | {"seconds": round(time.monotonic() - started, 2), "peak_memory_mib": memory}
        self.show(project, result)
        if project.status == ProjectStatus.DONE:
            self.delete_folder()
        else:
            self.print_log_folder()
        return result

    def delete_folder(self) -> None:
        """Delete the private folder with everything in it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def print_log_folder(self) -> None:
        """Print in which folder the logs of the failed run are."""
        self.console.print(f"The demonstration failed; the logs of its processes: {self.folder / 'logs'}", style="red")

    def do_project(self, supervisor: Supervisor) -> Project:
        """Submit the request, follow the project to its end, and answer its questions.

        Raises NoAnswer, ProcessEnded or TookTooLong.
        """
        figures: dict[str, Any] = {"currency": self.options.currency}
        figures |= {} if self.options.rate is None else {"hourly_rate": plain_number(self.options.rate)}
        request = Request(
            REQUEST_TEXT, self.title, self.options.file, self.options.template, requester="demo", context=figures
        )
        project = open_request(request)
        self.print_intake(project)
        progress, running = Progress(self.console), set(supervisor.pids)
        for snapshot in watch_project(project.pk, seconds=self.options.seconds):
            progress.show(snapshot)
            self.interruption.check()
            if ended := running - set(supervisor.pids):
                raise ProcessEnded(f"{', '.join(sorted(ended))} ended unexpectedly; its log says why.")
            if snapshot.question is not None:
                self.answer(snapshot.question)
        return snapshot.project

    def print_intake(self, project: Project) -> None:
        """Print what was read from the file, with the first warnings."""
        intake = project.intake
        rate, code = self.options.rate, self.options.currency
        rate_in_words = "without an hourly rate" if rate is None else f"with an hourly rate of {rate} {code}"
        self.console.print(f"Handed in: {intake['file']}, {intake['rows_read']:,} rows, {rate_in_words}")
        for warning in intake["warnings"][:5]:
            self.console.print(f"  row {warning['row']}: {warning_in_words(warning)}", style="yellow")
        if intake["row_warnings"] > 5:
            self.console.print(f"  and {intake['row_warnings'] - 5:,} more rows with a warning", style="yellow")

    def answer(self, question: Question) -> None:
        """Show the question as a person would see it, and answer it. Raises NoAnswer."""
        value = self.answer_to(question)
        self.console.print(question_panel(question, f"\nAnswer: {value}"))
        submit_answer(question, value, by="somebody")

    def answer_to(self, question: Question) -> Any:
        """Return ANSWERED_RATE or ANSWERED_PERIOD, else the default or example of the schema. Raises NoAnswer."""
        if question.field == "hourly_rate":
            return plain_number(ANSWERED_RATE)
        if question.field == "period":
            return ANSWERED_PERIOD
        if question.kind == Question.Kind.APPROVAL:
            return {"approved": True}
        suggested = [question.schema[key] for key in ("default",) if key in question.schema]
        for value in [*suggested, *question.schema.get("examples", [])]:
            return value
        raise NoAnswer(
            f"The demonstration has no answer to the question “{question.title}”: "
            f"start the full system with `{settings.COMMAND} up`, and answer the question there."
        )

    def show(self, project: Project, result: dict[str, Any]) -> None:
        """Print the report, the time it took, and the numbers of items, questions, events and dead letters."""
        self.console.print(report_parts(project.title, result["deliverables"]))
        largest = max(result["peak_memory_mib"].items(), key=lambda pair: pair[1], default=("", 0))
        self.console.print(
            f"\nProject {project.status} in {result['seconds']} s: {len(result['items'])} items,"
            f" {len(result['questions'])} question(s), {sum(result['events'].values())} events,"
            f" {result['dead_letters']} dead letters; at most {largest[1]:.0f} MiB in one process ({largest[0]})",
            style="green" if project.status == ProjectStatus.DONE else "red",
        )


def title_of(template: Template, file: Path) -> str:
    """Return the project's title: the title of its template and the name of the file."""
    return f"{template.definition['title']}: {file.name}"[:LONGEST_TITLE]


def plain_number(number: Decimal) -> int | float:
    """Return the number as an int if it is whole, else as a float, for JSON."""
    return int(number) if number == int(number) else float(number)


def peak_memory(pids: dict[str, int]) -> dict[str, float]:
    """Return the peak resident memory of each process and of this one, in MiB; empty except on Linux."""
    peaks: dict[str, float] = {}
    for name, pid in {**pids, "demo": os.getpid()}.items():
        status = Path(f"/proc/{pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        for line in lines:
            if line.startswith("VmHWM"):
                peaks[name] = round(int(line.split()[1]) / 1024, 1)
    return peaks
