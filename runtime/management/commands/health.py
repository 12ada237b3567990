"""Says whether this machine can serve, or whether a kind of process lives here."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Mapping
from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand

from health import life
from health.checks import everything
from health.watch import NOT_READY, Report

SIGNS = {True: "ok", False: "not ok", None: "not known"}
EXIT_CODES = """
Exit codes: 0 ready, also where something warns; 1 not ready, or with --kind: a process of this kind is frozen or stuck,
or none runs; 2 a wrong use of this command. A warning does not make the command fail: what runs it would end a process
that is not at fault, or keep traffic from it. The words and --json tell of warnings ("status": "warns").
"""


class Command(BaseCommand):
    help = "Say whether database, broker, disk and streams are well; with --kind, whether a process lives (no Django)."
    requires_system_checks = ()

    def create_parser(self, *args: Any, **options: Any) -> Any:
        parser = super().create_parser(*args, **options)
        parser.epilog, parser.formatter_class = EXIT_CODES, RawDescriptionHelpFormatter
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the state as JSON")
        parser.add_argument(
            "--kind",
            metavar="KIND",
            help="look at processes of this machine only, and ask neither database nor broker: up (the keeper and all"
            " it keeps), web, core, a consumer group (orchestrator, clarifications, validators), work, an agent, relay,"
            " deliver, notify",
        )

    def handle(self, *args: Any, kind: str | None, **options: Any) -> None:
        if kind is not None:
            running = list(life.lives(settings.DATA_DIR))
            text, code = life.report(kind, running, as_json=options["json"])
            self.stdout.write(text)
            sys.exit(code)
        report = everything().look()
        if options["json"]:
            self.stdout.write(orjson.dumps(report.as_data(detailed=True)).decode())
        else:
            self.stdout.write(words_of(report))
        if report.status == NOT_READY:
            sys.exit(1)


def words_of(report: Report) -> str:
    """Return the report in words, a line for each check."""
    lines = [
        f"{SIGNS[one.ok]:<10} {name:<13} {one.says or figures_in_words(one.figures)}".rstrip()
        for name, one in report.findings.items()
    ]
    return "\n".join([*lines, f"This machine is {'not ready' if report.status == NOT_READY else 'ready'}."])


def figures_in_words(figures: Mapping[str, Any]) -> str:
    """Return the plain figures of a check that is well."""
    return ", ".join(
        f"{name.replace('_', ' ')} {value}" for name, value in figures.items() if isinstance(value, float | int)
    )
