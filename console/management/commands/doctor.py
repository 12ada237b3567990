"""Looks over settings, machine and services, and says what is wrong and what to do; changes nothing."""

import sys
from argparse import ArgumentParser
from collections import Counter
from dataclasses import asdict
from typing import Any

import orjson

from console.doctor.examination import examine
from console.doctor.lines import LOOK, OK, WRONG, Line
from console.operator import OperatorCommand, printable_text


class Command(OperatorCommand):
    help = "Look over settings, machine and services: each line is ok, look or wrong; exit code 1 if any is wrong."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the lines as JSON")
        parser.add_argument("--web", default="127.0.0.1:8000", metavar="HOST:PORT", help="address of the web pages")

    def handle(self, *args: Any, web: str, **options: Any) -> None:
        lines = examine(web)
        if options["json"]:
            self.stdout.write(orjson.dumps([asdict(line) for line in lines]).decode())
        else:
            for line in lines:
                self.stdout.write(printable_text(in_words(line)))
            count = Counter(line.verdict for line in lines)
            self.stdout.write(f"{count[OK]} ok, {count[LOOK]} to look at, {count[WRONG]} wrong")
        if any(line.verdict == WRONG for line in lines):
            sys.exit(1)


def in_words(line: Line) -> str:
    """Return the line as it is printed."""
    return f"{line.verdict:<5}  {line.about}: {line.says} {line.todo}".rstrip()
