"""List and show the contracts of events, and validate files of events with them."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from runtime.commands import at_least_one
from schemas import documentation
from schemas.examination import Finding, examine_examples, examine_file
from schemas.registry import UnknownSchema, registry


class Command(BaseCommand):
    help = "List the contracts, show one with its examples, or validate a file of events."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="list every event type")
        show = actions.add_parser("show", help="show one contract")
        show.add_argument("type", help="an event type, such as WORK.ITEM_COMPLETED")
        show.add_argument("--event-version", type=at_least_one, default=1, help="the version of the contract")
        validate = actions.add_parser("validate", help="check the events in a file: one JSON envelope, or one per line")
        validate.add_argument("file", nargs="?", help="a path, or - for standard input")
        validate.add_argument("--examples", action="store_true", help="check the examples in the contracts, no file")
        validate.add_argument("--type", help="the file holds payloads of this type, without envelopes")
        docs = actions.add_parser("docs", help="write the documentation page of the contracts")
        docs.add_argument("file", nargs="?", default="docs/contracts.md", help="the file to write")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        getattr(self, f"do_{action}")(**options)

    def do_list(self, **_: Any) -> None:
        contracts = registry()
        for kind in contracts.event_types():
            self.stdout.write(f"{kind:40} {contracts.direction(kind):5} {contracts.description(kind)}")

    def do_show(self, type: str, event_version: int, **_: Any) -> None:
        try:
            self.stdout.write(json.dumps(registry().schema(type, event_version), indent=2, ensure_ascii=False))
        except UnknownSchema as error:
            raise CommandError(f"{error} See `{settings.COMMAND} schemas list`.") from error

    def do_validate(self, file: str | None, type: str | None, examples: bool, **_: Any) -> None:
        if examples == bool(file):
            raise CommandError("Give either a file (- is standard input) or --examples.")
        try:
            findings = examine_examples() if examples else examine_file(file or "-", event_type=type)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        except UnknownSchema as error:
            raise CommandError(str(error)) from error
        self.report(findings)

    def report(self, findings: list[Finding]) -> None:
        """Print a line for each problem and a summary. Raises CommandError if anything is invalid."""
        for finding in findings:
            for problem in finding.problems:
                self.stdout.write(f"{finding.where}: {problem.pointer or '/'} {problem.message}")
        invalid = sum(bool(finding.problems) for finding in findings)
        self.stdout.write(f"{len(findings)} checked, {invalid} invalid")
        if invalid:
            raise CommandError("Some entries are invalid: their problems are listed above.")

    def do_docs(self, file: str, **_: Any) -> None:
        try:
            Path(file).write_text(documentation.contracts_page(registry()))
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"Wrote {file}")
