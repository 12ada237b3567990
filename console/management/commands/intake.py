"""Open a project from a text, a spreadsheet and figures, and follow the project on request."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import CommandError

from backlog.models import Project
from backlog.states import ProjectStatus
from clarifications.contract import with_value_at
from clarifications.models import Question
from clarifications.wording import choices_in_words, question_title
from console.asking import PERSON_NEEDED, ask_until_answered
from console.file_answers import add_file_answers
from console.follow import Progress, TookTooLong, snapshot_of, watch_project
from console.operator import OperatorCommand, current_operator, short_id
from console.outcome import project_outcome
from console.report_view import report_parts
from intake.spreadsheets.sheet import Unreadable
from intake.submitting import Request, open_request
from pages.phrases import warning_in_words
from runtime.commands import seconds
from schemas import strict_json

WARNINGS_SHOWN = 10


class Command(OperatorCommand):
    help = "Open a project for a request; with --wait, follow the project until it is over."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--title", default="", help="the project's title")
        parser.add_argument("--text", default="", help="the text of the request, or - to read it from standard input")
        parser.add_argument("--file", type=Path, help="a CSV, XLSX, XLS or ODS file with a header row")
        parser.add_argument("--template", default="", help="audit (the default), software, minimal or your own")
        parser.add_argument(
            "--set",
            type=setting,
            action="append",
            default=[],
            metavar="KEY=VALUE",
            dest="figures",
            help="a figure for the work, such as hourly_rate=45; may be given several times",
        )
        parser.add_argument("--currency", default="", help="the currency of the hourly rate, such as EUR (ISO 4217)")
        add_file_answers(parser)
        parser.add_argument(
            "--fresh",
            action="store_true",
            help="forget what the requester decided about an earlier file with the same header",
        )
        parser.add_argument("--requester", default="", help="the requester, if not the user who runs this command")
        parser.add_argument("--wait", action="store_true", help="follow the project until it is over")
        parser.add_argument("--timeout", type=seconds, default=600.0, metavar="SECONDS", help="how long --wait waits")
        parser.add_argument("--json", action="store_true", help="print the result as JSON on the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        project = self.open(options)
        if not options["json"]:
            self.print_opened(project)
        status = self.follow(project, options) if options["wait"] else ""
        if options["json"]:
            self.stdout.write(orjson.dumps(project_outcome(Project.objects.get(pk=project.pk))).decode())
        if status == ProjectStatus.WAITING:
            words = f"A person has to answer first: {settings.COMMAND} questions --open"
            raise CommandError(words, returncode=PERSON_NEEDED)
        if options["wait"] and status != ProjectStatus.DONE:
            words = f"The project is not done; it is {status}. See why: {settings.COMMAND} project {project.pk}"
            raise CommandError(words)

    def open(self, options: dict[str, Any]) -> Project:
        """Read the request and open its project. Raises CommandError if the request is empty or its file unreadable."""
        text = sys.stdin.read() if options["text"] == "-" else options["text"]
        if not text.strip() and options["file"] is None:
            raise CommandError("The request is empty: give a text with --text or a spreadsheet with --file.")
        context: dict[str, Any] = {"currency": options["currency"].upper()} if options["currency"] else {}
        for pointer, value in options["figures"]:
            context = with_value_at(context, pointer, value)
        fields = {key: options[key] for key in ("title", "file", "template")}
        fields |= {"requester": options["requester"] or current_operator(), "file_answers": dict(options["answers"])}
        fields["fresh"] = options["fresh"]
        try:
            return open_request(Request(text=text, context=context, **fields))
        except Unreadable as error:
            raise CommandError(str(error)) from error

    def print_opened(self, project: Project) -> None:
        """Print the opened project, the warnings about its file, and its open questions."""
        self.stdout.write(f"Project {project.pk}: {project.title}")
        if project.intake:
            self.stdout.write(f"{project.intake['rows_read']:,} rows read from {project.intake['file']}")
            for warning in project.intake["warnings"][:WARNINGS_SHOWN]:
                self.stdout.write(f"  row {warning['row']}: {warning_in_words(warning)}")
            if (more := project.intake["row_warnings"] - WARNINGS_SHOWN) > 0:
                self.stdout.write(f"  and {more:,} more warnings")
        for question in Question.objects.filter(project=project, status="OPEN"):
            answer_it = f"{settings.COMMAND} answer {short_id(question.pk)} VALUE"
            self.stdout.write(f"Asked: {question_title(question)} → {answer_it}")
            for value, words in choices_in_words(question.schema):
                self.stdout.write(f"  {value}: {words}")
        self.stdout.write(f"Follow it: {settings.COMMAND} project {short_id(project.pk)}")

    def follow(self, project: Project, options: dict[str, Any]) -> str:
        """Show the project's progress and return its status.

        Ends when the project is over, or when it waits for a person and nobody is at this terminal to answer.
        """
        progress = Progress(self.console)
        try:
            for snapshot in watch_project(project.pk, seconds=options["timeout"]):
                if not options["json"]:
                    progress.show(snapshot)
                if snapshot.question is not None and sys.stdin.isatty() and not options["json"]:
                    ask_until_answered(self.console, snapshot.question)
                elif snapshot.waits_for_person:
                    return str(ProjectStatus.WAITING)
        except TookTooLong as error:
            raise CommandError(str(error)) from error
        snapshot = snapshot_of(project.pk)
        if not options["json"]:
            self.console.print(report_parts(project.title, project_outcome(snapshot.project)["deliverables"]))
        return str(snapshot.project.status)


def setting(text: str) -> tuple[str, Any]:
    """Return (JSON Pointer, value) of KEY=VALUE. Dots in the key lead into objects; the value is JSON or plain text.

    Raises ArgumentTypeError if the text has no key or no equals sign.
    """
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ArgumentTypeError(f"{text!r} is not KEY=VALUE, such as hourly_rate=45")
    pointer = "/" + key.replace("~", "~0").replace("/", "~1").replace(".", "/")
    try:
        return pointer, strict_json.loads(value)
    except strict_json.InvalidJson:
        return pointer, value
