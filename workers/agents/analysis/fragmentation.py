"""Into how small pieces the time is cut, and how much of it is spent in meetings."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from workers.agents.analysis.automation import is_meeting
from workers.agents.analysis.order import in_time_order
from workers.agents.analysis.tally import RowTally
from workers.agents.analysis.weeks import HOUR_MS
from workers.agents.figures import percent_of, rounded

MINUTE_MS = 60_000


@dataclass(frozen=True)
class Switches:
    """How often people turned to something else on one day, and the milliseconds of the rows that were looked at."""

    count: int
    milliseconds: int


def switches_of(tally: RowTally, groups: Sequence[int]) -> Switches | None:
    """Return the switches; None if no row has a person and a time of day. `groups` has the group of each text."""
    steps, count, total = tally.steps, 0, 0
    kinds = [(group, text.category) for group, text in zip(groups, tally.texts, strict=True)]
    is_told = False
    for owned in in_time_order(tally, steps.person, groups):
        is_told = True
        total += sum(steps.milliseconds[step] for step in owned)
        count += sum(
            kinds[steps.text[one]] != kinds[steps.text[two]] and steps.day[one] == steps.day[two]
            for one, two in pairwise(owned)
        )
    return Switches(count, total) if is_told else None


def fragmentation(tally: RowTally, groups: Sequence[int]) -> dict[str, Any] | None:
    """Return how fragmented the work is; None if no row has a duration.

    `short_rows` lasted less than 15 minutes, `short_percent` is their share of the rows with a duration above 0, and
    `short_minutes` is their time. A quarter of an hour is the block in which time sheets are commonly kept.
    `switches` counts, for each person in time order, the rows whose task or category differs from the row before on
    the same day; `switches_per_hour` = switches ÷ the hours of those people's rows with a time of day. The measure is
    that of Mark, Gonzalez and Harris 2005, "No task left behind? Examining the nature of fragmented work". With more
    rows than can be kept, `limited` says why there are no switches.
    """
    if not tally.lasting_rows:
        return None
    content: dict[str, Any] = {
        "short_rows": tally.short_rows,
        "short_percent": rounded(percent_of(tally.short_rows, tally.lasting_rows)),
        "short_minutes": in_minutes(tally.short_milliseconds),
    }
    if tally.limited:
        return content | ({"limited": True} if tally.people else {})
    if switches := switches_of(tally, groups):
        content["switches"] = switches.count
        if switches.milliseconds:
            content["switches_per_hour"] = rounded(Decimal(switches.count * HOUR_MS) / switches.milliseconds)
    return content


def meetings(tally: RowTally) -> dict[str, Any] | None:
    """Return the `rows` and `minutes` of meetings, and their `percent` of all minutes; None if no row names one.

    A row is a meeting if a word of its text or its category says so, in seven languages; work about a meeting, as
    writing its minutes, is none. Percent: 100 × minutes of meetings ÷ minutes of all rows.
    """
    found = [text for text in tally.texts if is_meeting(text.shape, text.category)]
    if not found:
        return None
    milliseconds = sum(text.milliseconds for text in found)
    return {
        "rows": sum(text.count for text in found),
        "minutes": in_minutes(milliseconds),
        "percent": rounded(percent_of(milliseconds, tally.milliseconds)),
    }


def in_minutes(milliseconds: int) -> float:
    """Return milliseconds as minutes with two decimals."""
    return rounded(Decimal(milliseconds) / MINUTE_MS)
