"""A question about an hourly rate, which something waits for."""

from typing import Any

from clarifications.models import Question
from tests.flows import opened, step

RATE = {"type": "number", "title": "Hourly rate", "exclusiveMinimum": 0, "maximum": 500}
NEEDS_RATE = {"type": "object", "required": ["rate"], "properties": {"rate": RATE}}


def asked(**changes: Any) -> Question:
    """The open question of a project whose only item lacks a rate."""
    opened(step("only", needs=NEEDS_RATE), **changes)
    return Question.objects.get()
