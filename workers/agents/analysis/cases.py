"""What happens between the tasks of a case: rework and waiting.

Only rows with a case and a time of day at their start count: the order of others in their case cannot be told.
"""

from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Any

from workers.agents.analysis.fragmentation import MINUTE_MS
from workers.agents.analysis.order import in_time_order, quantile
from workers.agents.analysis.tally import NO_END, RowTally
from workers.agents.figures import percent_of, rounded

MOST_PAIRS = 10
# A median of fewer waits is an anecdote: such a pair is not listed.
FEWEST_WAITS = 3
LONGEST_NAME = 200

MEDIAN, P90 = Fraction(1, 2), Fraction(9, 10)


@dataclass
class CaseFacts:
    """The cases, how many of them returned to a task and how often, and the waits in milliseconds by pair of groups."""

    cases: int = 0
    cases_with_rework: int = 0
    returns: int = 0
    waits: defaultdict[tuple[int, int], "array[int]"] = field(default_factory=lambda: defaultdict(lambda: array("q")))


def case_facts_of(tally: RowTally, groups: Sequence[int]) -> CaseFacts:
    """Return the facts about the cases in the tally; `groups` has the group of each text."""
    facts, steps = CaseFacts(), tally.steps
    group_of = [groups[text] for text in steps.text]
    for owned in in_time_order(tally, steps.case, groups):
        runs = [group for group, _run in groupby(group_of[step] for step in owned)]
        returns = len(runs) - len(set(runs))
        facts.cases += 1
        facts.cases_with_rework += returns > 0
        facts.returns += returns
        for one, two in pairwise(owned):
            if steps.end[one] != NO_END:
                wait = max(0, steps.start[two] - steps.end[one])
                facts.waits[group_of[one], group_of[two]].append(wait)
    return facts


def rework(facts: CaseFacts) -> dict[str, Any] | None:
    """Return the rework in the cases; None without cases.

    In the sequence of a case's tasks, rows of the same task that follow each other are one visit. `returns` counts the
    visits to a task that the case had left before: visits − distinct tasks. `cases_with_rework` have at least one;
    `percent` = 100 × cases with rework ÷ cases. Rework in processes: Dumas, La Rosa, Mendling and Reijers 2018,
    "Fundamentals of Business Process Management", chapter 7.
    """
    if not facts.cases:
        return None
    return {
        "cases": facts.cases,
        "cases_with_rework": facts.cases_with_rework,
        "percent": rounded(percent_of(facts.cases_with_rework, facts.cases)),
        "returns": facts.returns,
    }


def waiting(facts: CaseFacts, names: Sequence[str]) -> dict[str, Any] | None:
    """Return the waiting between rows that follow each other in a case; None without any. `names` are the groups'.

    A wait is the calendar time from the end of a row to the start of the next, nights and weekends included, and 0
    where the next began earlier. `steps` counts the waits; `median_minutes` and `p90_minutes` are quantiles of type 7
    (Hyndman and Fan 1996). `longest` lists the pairs of tasks with the longest median, of those with at least
    FEWEST_WAITS waits. Waiting time between activities: van der Aalst 2016, "Process Mining",
    chapter 9.
    """
    waits = sorted(wait for pair in facts.waits.values() for wait in pair)
    if not waits:
        return None
    content: dict[str, Any] = {
        "steps": len(waits),
        "median_minutes": rounded(quantile(waits, MEDIAN) / MINUTE_MS),
        "p90_minutes": rounded(quantile(waits, P90) / MINUTE_MS),
    }
    pairs = [(quantile(sorted(pair), MEDIAN), key, len(pair)) for key, pair in facts.waits.items()]
    listed = sorted((-median, -count, key) for median, key, count in pairs if count >= FEWEST_WAITS)[:MOST_PAIRS]
    longest = [wait_of_pair(names, key, -median, -count) for median, count, key in listed]
    return content | ({"longest": longest} if longest else {})


def wait_of_pair(names: Sequence[str], pair: tuple[int, int], median: Fraction, count: int) -> dict[str, Any]:
    """Return one line of `longest`."""
    before, after = (names[group][:LONGEST_NAME] for group in pair)
    return {"from": before, "to": after, "median_minutes": rounded(median / MINUTE_MS), "count": count}


def cases_content(tally: RowTally, groups: Sequence[int], names: Sequence[str]) -> dict[str, Any]:
    """Return `rework` and `waiting`, each where the rows tell it; with too many rows, each says that it is limited."""
    if tally.limited:
        return {"rework": {"limited": True}, "waiting": {"limited": True}} if tally.cases else {}
    facts = case_facts_of(tally, groups)
    parts = {"rework": rework(facts), "waiting": waiting(facts, names)}
    return {name: part for name, part in parts.items() if part}
