"""What a check is: the name of a figure, its expected and its actual value, and if the two agree; and its facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from workers.agents.figures import RowStats, rounded
from workers.agents.friction_worker import Friction
from workers.agents.recount import Recount, StepsRecount, steps_recount
from workers.contract import Period

CENT = Decimal("0.01")
LONGEST_ACTUAL = 200

Content = Mapping[str, Any]
Check = dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """The figures that the checks compare with, computed again from the rows and the request."""

    stats: RowStats
    friction: Friction
    recount: Recount
    avoidable_percent: Decimal
    rate: Decimal | None
    currency: str | None
    period: Period | None
    request_text: str
    deliverables: Mapping[str, Content]

    @cached_property
    def steps(self) -> StepsRecount:
        """Return what is counted again about the cases and the switches."""
        tally = self.friction.tally
        return steps_recount(tally, self.friction.recurrence.group_of_text(tally))


def figure(name: str, content: Content, expected: Decimal, tolerance: Decimal = CENT) -> Check:
    """Return the check of one figure: its key in `content` is the last part of the dotted name.

    The check passes if the figure is a number that differs from `expected` by at most `tolerance`.
    """
    actual = content.get(name.rsplit(".", 1)[-1])
    number = number_of(actual)
    if number is None:
        return check(name, rounded(expected), actual, passed=False, detail="There is no such figure.")
    off = abs(number - expected)
    detail = "" if off <= tolerance else f"It is off by {float(off):.10g}."
    return check(name, rounded(expected), actual, passed=off <= tolerance, detail=detail)


def check(name: str, expected: Any, actual: Any, *, passed: bool, detail: str = "") -> Check:
    """Return one line of the test report; a text as `actual` is cut to LONGEST_ACTUAL characters."""
    short_actual = actual if isinstance(actual, bool | int | float | None) else str(actual)[:LONGEST_ACTUAL]
    return {"name": name, "expected": expected, "actual": short_actual, "passed": passed, "detail": detail}


def entries_of(content: Content, key: str) -> list[Content]:
    """Return the objects in the content's list of this key; an empty list if there is no such list."""
    values = content.get(key)
    return [entry for entry in values if isinstance(entry, dict)] if isinstance(values, list) else []


def part_of(content: Content, key: str) -> Content:
    """Return the object under this key; an empty one if there is none."""
    part = content.get(key)
    return part if isinstance(part, dict) else {}


def number_of(value: Any) -> Decimal | None:
    """Return the value as it is written; None if it is no number."""
    return None if isinstance(value, bool) or not isinstance(value, int | float) else Decimal(repr(value))
