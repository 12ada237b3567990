"""Run the demonstration: one project through the whole system, from the request to the report."""

import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from backlog.states import ProjectStatus
from console.demo import (
    SAMPLE_FILE,
    Demonstration,
    DemoOptions,
    Interruption,
    NoAnswer,
    ProcessEnded,
    in_private_folder,
    start_again_in_private_folder,
)
from console.follow import TookTooLong
from console.plain_console import console_on
from events.errors import EventError
from intake.admission import opened
from intake.spreadsheets.sheet import Unreadable
from runtime.commands import seconds


class Command(BaseCommand):
    help = "Run one project through the whole system, in a private folder, and print its report."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--file", type=Path, default=SAMPLE_FILE, help="a CSV, XLSX, XLS or ODS file with a header row"
        )
        parser.add_argument("--rate", type=hourly_rate, help="the hourly rate; without it, a question asks for it")
        parser.add_argument("--currency", type=str.upper, default="EUR", help="the currency of the hourly rate")
        parser.add_argument("--template", default="audit", help="the template: audit, software or minimal")
        parser.add_argument("--timeout", type=seconds, default=600.0, metavar="SECONDS", help="give up after this time")
        parser.add_argument("--json", action="store_true", help="print the result as JSON on the last line")

    def handle(
        self, *args: Any, file: Path, rate: Decimal | None, template: str, timeout: float, **options: Any
    ) -> None:
        if not in_private_folder():
            require_readable(file)
            start_again_in_private_folder()
        interruption = Interruption()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, interruption)
        console = console_on(sys.stderr if options["json"] else sys.stdout)
        chosen = DemoOptions(file, rate, options["currency"], template, timeout)
        try:
            result = Demonstration(chosen, console, interruption).run()
        except (EventError, NoAnswer, ProcessEnded, TookTooLong, Unreadable) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(orjson.dumps(result).decode())
        if result["status"] != ProjectStatus.DONE:
            raise CommandError(f"The project is {result['status']}.")


def require_readable(file: Path) -> None:
    """Raise CommandError if there is no such file: that needs no system to be said."""
    try:
        with opened(file, file.name):
            return
    except Unreadable as error:
        raise CommandError(str(error)) from error


def hourly_rate(text: str) -> Decimal:
    """Return the text as an amount of money above 0. Raises ArgumentTypeError."""
    try:
        rate = Decimal(text)
    except InvalidOperation:
        rate = Decimal("nan")
    if not rate.is_finite() or rate <= 0:
        raise ArgumentTypeError(f"{text!r} is not an hourly rate, such as 45 or 62.50")
    return rate
