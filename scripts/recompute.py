#!/usr/bin/env python
"""Recompute every figure about a process log with the standard library alone, and compare it with what agents deliver.

The file, plain or gzipped, is a CSV with the columns Case, Task, Category, Employee, Start, End, Duration (min). Its
tasks have to be names from a fixed list, as a workflow system writes them: they are compared as they are, and none of
them is a meeting. Prints each figure, both values, and whether they are equal. Exit code 1 if one is not.
"""

import argparse
import csv
import gzip
import os
import random
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

RATE, CAP, FACTOR = Decimal(45), Decimal(60), Decimal("1.25")
HOUR, MICROSECOND, ONE = timedelta(hours=1), timedelta(microseconds=1), Fraction(1)
# Resamples of the naive bootstrap, which draws every row; the bounds of two bootstraps differ by so much of the width.
RESAMPLES, NEAR = 200, 0.2
LONGEST = 10

Figures = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One row of the file."""

    case: str
    task: str
    category: str
    employee: str
    start: datetime
    end: datetime
    minutes: Decimal


def lines_of(path: Path) -> list[Line]:
    """Return the rows of the file."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        return [
            Line(
                row["Case"].strip(),
                row["Task"].strip(),
                row["Category"].strip(),
                row["Employee"].strip(),
                datetime.fromisoformat(row["Start"]),
                datetime.fromisoformat(row["End"]),
                Decimal(row["Duration (min)"]),
            )
            for row in csv.DictReader(file)
        ]


def recomputed(lines: Sequence[Line]) -> Figures:
    """Return all figures {name: value}, computed from the rows."""
    return {
        **time_figures(lines),
        **week_figures(lines),
        **cost_figures(lines),
        **recurrence_figures(lines),
        **fragmentation_figures(lines),
        **case_figures(lines),
        **scenario_figures(lines),
    }


def hundredths(value: Decimal | Fraction | float, places: str = "0.01") -> float:
    """Return the value rounded to two decimals, halves away from zero."""
    exact = Fraction(value)
    return float((Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(Decimal(places), ROUND_HALF_UP))


def total_of(lines: Iterable[Line]) -> Decimal:
    """Return the sum of the rows' minutes."""
    return sum((line.minutes for line in lines), Decimal())


def time_figures(lines: Sequence[Line]) -> Figures:
    """Return the totals, the minutes by category, and how concentrated they are."""
    total = total_of(lines)
    shares: Counter[str] = Counter()
    figures: Figures = {"time.rows": len(lines), "time.total_minutes": hundredths(total)}
    figures["time.total_hours"] = hundredths(total / 60)
    for category in {line.category for line in lines}:
        minutes = total_of(line for line in lines if line.category == category)
        shares[category] = minutes / total  # type: ignore[assignment]
        figures[f"time.breakdown[{category}].minutes"] = hundredths(minutes)
        figures[f"time.breakdown[{category}].hours"] = hundredths(minutes / 60)
        figures[f"time.breakdown[{category}].share_percent"] = hundredths(100 * minutes / total)
    three = sum(share for _name, share in shares.most_common(3))
    figures["time.concentration.top_three_percent"] = hundredths(100 * three)
    figures["time.concentration.herfindahl"] = hundredths(sum(s * s for s in shares.values()), "0.0001")
    return figures


def week_figures(lines: Sequence[Line]) -> Figures:
    """Return the hours by ISO week and by weekday and hour; each row is spread evenly over the hours it covers."""
    weeks: Counter[str] = Counter()
    hours: defaultdict[tuple[int, int], Fraction] = defaultdict(Fraction)
    for line in lines:
        weeks[line.start.strftime("%G-W%V")] += line.minutes  # type: ignore[assignment]
        for key, part in parts_of(line):
            hours[key] += Fraction(line.minutes) * part
    figures = {f"time.by_week[{week}]": hundredths(minutes / 60) for week, minutes in weeks.items()}
    figures |= {f"time.by_weekday[{d}, {h}]": hundredths(minutes / 60) for (d, h), minutes in hours.items() if minutes}
    return figures


def parts_of(line: Line) -> Iterator[tuple[tuple[int, int], Fraction]]:
    """Yield ((ISO weekday, hour), part of the row) for each clock hour between start and end."""
    start = line.start.replace(tzinfo=None)
    end = start + (line.end - line.start)
    end = end if end > start else start + timedelta(minutes=float(line.minutes))
    hour = start.replace(minute=0, second=0, microsecond=0)
    while hour < end or hour == start:
        overlap = min(end, hour + HOUR) - max(start, hour)
        whole = end - start
        yield (hour.isoweekday(), hour.hour), Fraction(overlap // MICROSECOND, whole // MICROSECOND) if whole else ONE
        hour += HOUR


def cost_figures(lines: Sequence[Line]) -> Figures:
    """Return what the rows cost if they are a month's."""
    cost = total_of(lines) / 60 * RATE
    return {"cost.monthly_cost": hundredths(cost), "cost.annual_cost": hundredths(cost * 12)}


def share_of_recurring(lines: Sequence[Line]) -> Fraction:
    """Return the share of the rows whose task occurs at least twice, from 0 to 1."""
    counts = Counter(line.task for line in lines)
    return Fraction(sum(count for count in counts.values() if count > 1), len(lines))


def avoidable(lines: Sequence[Line], cap: Decimal = CAP, factor: Decimal = FACTOR) -> Fraction:
    """Return the avoidable percentage."""
    return min(Fraction(cap), Fraction(factor) * 100 * share_of_recurring(lines))


def recurrence_figures(lines: Sequence[Line]) -> Figures:
    """Return the recurring tasks: their number, rows, minutes, people, and most frequent category."""
    tasks = {task: [line for line in lines if line.task == task] for task in {line.task for line in lines}}
    recurring = {task: rows for task, rows in tasks.items() if len(rows) > 1}
    figures: Figures = {
        "friction.total_rows": len(lines),
        "friction.recurring_count": sum(map(len, recurring.values())),
        "friction.recurring_share": hundredths(100 * share_of_recurring(lines)),
        "friction.avoidable_percent": hundredths(avoidable(lines)),
        "friction.cluster_count": len(recurring),
    }
    for task, rows in recurring.items():
        figures[f"friction.clusters[{task}].count"] = len(rows)
        figures[f"friction.clusters[{task}].minutes"] = hundredths(total_of(rows))
        figures[f"friction.clusters[{task}].category"] = Counter(row.category for row in rows).most_common(1)[0][0]
        figures[f"friction.clusters[{task}].people"] = len({row.employee for row in rows if row.employee})
    return figures


def fragmentation_figures(lines: Sequence[Line]) -> Figures:
    """Return the rows under 15 minutes, and how often a person turned to another task or category on one day."""
    lasting = [line for line in lines if line.minutes > 0]
    short = [line for line in lasting if line.minutes < 15]
    switches = sum(
        (one.task, one.category) != (two.task, two.category) and one.start.date() == two.start.date()
        for _employee, rows in grouped(lines, lambda line: line.employee)
        for one, two in pairwise(rows)
    )
    hours = total_of(line for line in lines if line.employee) / 60
    return {
        "friction.fragmentation.short_rows": len(short),
        "friction.fragmentation.short_percent": hundredths(Fraction(100 * len(short), len(lasting))),
        "friction.fragmentation.short_minutes": hundredths(total_of(short)),
        "friction.fragmentation.switches": switches,
        "friction.fragmentation.switches_per_hour": hundredths(switches / hours),
    }


def grouped(lines: Iterable[Line], key: Callable[[Line], str]) -> Iterator[tuple[str, list[Line]]]:
    """Yield (key, its rows in time order); rows with an empty key are left out."""
    ordered = sorted(lines, key=lambda line: (key(line), line.start, line.end, line.task, line.category))
    for name, rows in groupby(ordered, key):
        if name:
            yield name, list(rows)


def case_figures(lines: Sequence[Line]) -> Figures:
    """Return the cases that come back to a task, and the time between the rows of a case."""
    cases = dict(grouped(lines, lambda line: line.case))
    returns = {case: len(visits) - len(set(visits)) for case, visits in visits_of(cases)}
    pairs: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for rows in cases.values():
        for one, two in pairwise(rows):
            pairs[one.task, two.task].append(max(0.0, (two.start - one.end) / timedelta(minutes=1)))
    waits = [wait for pair in pairs.values() for wait in pair]
    again = sum(count > 0 for count in returns.values())
    figures: Figures = {
        "friction.rework.cases": len(cases),
        "friction.rework.cases_with_rework": again,
        "friction.rework.percent": hundredths(Fraction(100 * again, len(cases))),
        "friction.rework.returns": sum(returns.values()),
        "friction.waiting.steps": len(waits),
        "friction.waiting.median_minutes": hundredths(statistics.median(waits)),
        "friction.waiting.p90_minutes": hundredths(statistics.quantiles(waits, n=10, method="inclusive")[8]),
    }
    medians = {pair: (statistics.median(found), len(found)) for pair, found in pairs.items() if len(found) >= 3}
    for pair in sorted(medians, key=lambda pair: medians[pair], reverse=True)[:LONGEST]:
        figures[f"friction.waiting.longest[{' → '.join(pair)}].median_minutes"] = hundredths(medians[pair][0])
        figures[f"friction.waiting.longest[{' → '.join(pair)}].count"] = medians[pair][1]
    return figures


def visits_of(cases: dict[str, list[Line]]) -> Iterator[tuple[str, list[str]]]:
    """Yield (case, its tasks in time order, repetitions that follow each other as one)."""
    for case, rows in cases.items():
        yield case, [task for task, _rows in groupby(row.task for row in rows)]


def scenario_figures(lines: Sequence[Line]) -> Figures:
    """Return the recovered hours and costs if the rows are a month's, with other coefficients, and their interval."""
    hours = Fraction(total_of(lines)) / 60
    recovered = hours * avoidable(lines) / 100
    figures: Figures = {
        "scenario.recovered_hours": hundredths(recovered),
        "scenario.recovered_monthly_cost": hundredths(recovered * Fraction(RATE)),
        "scenario.recovered_annual_cost": hundredths(recovered * Fraction(RATE) * 12),
    }
    for cap in (CAP - 20, CAP, CAP + 20):
        for factor in (FACTOR - Decimal("0.25"), FACTOR, FACTOR + Decimal("0.25")):
            part = hours * avoidable(lines, cap, factor) / 100
            name = f"scenario.sensitivity[{float(cap):g}, {float(factor):g}]"
            figures[f"{name}.recovered_hours"] = hundredths(part)
            figures[f"{name}.recovered_monthly_cost"] = hundredths(part * Fraction(RATE))
    low, high = naive_interval(lines)
    return figures | {"scenario.interval.low_hours": low, "scenario.interval.high_hours": high}


def naive_interval(lines: Sequence[Line]) -> tuple[float, float]:
    """Return the bounds of a bootstrap that draws all rows again each time."""
    counts = Counter(line.task for line in lines)
    pool, number = [(float(line.minutes), counts[line.task] > 1) for line in lines], len(lines)
    generator, found = random.Random(1), []
    for _ in range(RESAMPLES):
        drawn = generator.choices(pool, k=number)
        share = sum(recurs for _minutes, recurs in drawn) / number
        part = min(float(CAP), float(FACTOR) * 100 * share) / 100
        found.append(sum(minutes for minutes, _recurs in drawn) / 60 * part)
    cuts = statistics.quantiles(found, n=40, method="inclusive")
    return hundredths(cuts[0]), hundredths(cuts[-1])


# -- what the agents deliver -----------------------------------------------------------------------
def delivered(contents: dict[str, Any]) -> Figures:
    """Return the figures of the deliverables under the names of `recomputed`."""
    time, friction = contents["time_waste_analysis"], contents["friction_analysis"]
    cost, scenario = contents["cost_analysis"], contents["with_agent_scenario"]
    figures = {f"time.{key}": time[key] for key in ("rows", "total_minutes", "total_hours")}
    figures |= flat("time.concentration", time["concentration"])
    for line in time["breakdown"]:
        figures |= flat(f"time.breakdown[{line['category']}]", line, "category")
    figures |= {f"time.by_week[{line['week']}]": line["hours"] for line in time.get("by_week", [])}
    for line in time.get("by_weekday", []):
        figures[f"time.by_weekday[{line['weekday']}, {line['hour']}]"] = line["hours"]
    figures |= {f"cost.{key}": cost[key] for key in ("monthly_cost", "annual_cost")}
    headline = ("total_rows", "recurring_count", "recurring_share", "avoidable_percent", "cluster_count")
    figures |= {f"friction.{key}": friction[key] for key in headline}
    for line in friction["clusters"]:
        unchecked = ("fingerprint", "sample_text", "texts", "automatable", "why")
        figures |= flat(f"friction.clusters[{line['sample_text']}]", line, *unchecked)
    for part in ("fragmentation", "meetings", "rework", "waiting"):
        figures |= flat(f"friction.{part}", friction.get(part, {}), "longest")
    for line in friction.get("waiting", {}).get("longest", []):
        figures |= flat(f"friction.waiting.longest[{line['from']} → {line['to']}]", line, "from", "to")
    recovered = ("recovered_hours", "recovered_monthly_cost", "recovered_annual_cost")
    figures |= {f"scenario.{key}": scenario[key] for key in recovered}
    for line in scenario.get("sensitivity", []):
        name = f"scenario.sensitivity[{line['cap_percent']:g}, {line['factor']:g}]"
        figures |= flat(name, line, "cap_percent", "factor")
    return figures | flat("scenario.interval", scenario.get("interval", {}), "level", "resamples", "seed")


def flat(name: str, part: dict[str, Any], *but: str) -> Figures:
    """Return the values of a part under dotted names, except those of the keys `but`."""
    return {f"{name}.{key}": value for key, value in part.items() if key not in but}


def contents_of(rows: Any) -> dict[str, Any]:
    """Return what the four analysing agents deliver for the rows, as a month's in euros."""
    from workers.agents import AGENTS

    context = {"rows": rows, "hourly_rate": RATE, "currency": "EUR", "period": {"type": "month"}}
    specs = [AGENTS[name] for name in ("time_waste_worker", "cost_worker", "friction_worker", "scenario_worker")]
    return {spec.deliverable: spec.run(spec.input_model.model_validate(context)).content for spec in specs}


def differences(expected: Figures, actual: Figures) -> list[tuple[str, Any, Any, bool]]:
    """Return (name, expected, delivered, equal) of each figure of either side; None where a side has none."""
    width = expected["scenario.interval.high_hours"] - expected["scenario.interval.low_hours"]
    names = [*expected, *(name for name in actual if name not in expected)]
    return [(n, expected.get(n), actual.get(n), is_equal(n, expected.get(n), actual.get(n), width)) for n in names]


def is_equal(name: str, expected: Any, actual: Any, width: float) -> bool:
    """Return True if the figures are equal; by chance near for an interval, to a hundredth for spread hours."""
    if name.startswith("scenario.interval") and None not in (expected, actual):
        return bool(abs(expected - actual) <= NEAR * width + 0.01)
    if name.startswith("time.by_weekday"):
        # Parts of a row are whole milliseconds there and exact fractions here.
        return abs((expected or 0) - (actual or 0)) <= 0.0101
    return bool(expected == actual)


def main() -> int:
    """Print a line for each figure and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    path = parser.parse_args().file
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from intake.spreadsheets.outside import read_rows

    found = differences(recomputed(lines_of(path)), delivered(contents_of(list(read_rows(path)))))
    for name, expected, actual, equal in found:
        print(f"{'equal ' if equal else 'DIFFERS'} {name:90} {expected!s:>16} {actual!s:>16}")
    wrong = sum(not equal for *_figure, equal in found)
    print(f"{len(found)} figures, {wrong} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
