"""Show the main job from end to end."""

import signal
import sys
from argparse import ArgumentParser
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from backlog.states import ProjectStatus
from config.demo import SAMPLE, Demonstration, NoAnswer, Wishes, in_private_folder, start_again_in_private_folder
from config.follow import TookTooLong
from events.errors import EventError
from workers.ingestion import Unreadable


class Command(BaseCommand):
    help = "Run one project through the whole system, in a private folder, and print its report."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--file", type=Path, default=SAMPLE, help="a CSV or XLSX file with a header row")
        parser.add_argument("--rate", type=Decimal, default=Decimal(45), help="the hourly rate to answer with")
        parser.add_argument("--template", default="audit", help="audit, software or minimal")
        parser.add_argument("--timeout", type=float, default=600, metavar="SECONDS")
        parser.add_argument("--json", action="store_true", help="the result as JSON on the last line")

    def handle(self, *args: Any, file: Path, rate: Decimal, template: str, timeout: float, **options: Any) -> None:
        if not in_private_folder():
            start_again_in_private_folder()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        console = Console(stderr=options["json"])
        try:
            result = Demonstration(Wishes(file, rate, template, timeout), console).run()
        except (EventError, NoAnswer, TookTooLong, Unreadable) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(orjson.dumps(result).decode())
        if result["status"] != ProjectStatus.DONE:
            raise CommandError(f"The project is {result['status']}.")
