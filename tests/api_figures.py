"""The figures of the generated requests, which each test leaves in its report."""

from collections.abc import Iterable
from typing import Any

NAME = "requests generated"


def line(reports: Iterable[Any]) -> str:
    """How many operations were called, by whom, with how many examples, and how many failed; empty when none was."""
    told = [(dict(report.user_properties).get(NAME), report.failed) for report in reports]
    counts = [(figures, failed) for figures, failed in told if figures]
    operations = len({figures["operation"] for figures, _failed in counts})
    callers = len({name for figures, _failed in counts for name in figures["callers"]})
    examples, failures = sum(figures["examples"] for figures, _failed in counts), sum(failed for _, failed in counts)
    if not counts:
        return ""
    return f"REST interface: operations {operations} / callers {callers} / examples {examples} / failures {failures}"
