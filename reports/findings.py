"""The findings of a report, sorted by hours: where the time goes, and what meetings, short rows and rework take.

Each has its figures, the formula in words, and the rows that it was computed from.
"""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.categories import category_in_words
from reports.contents import Content, count_at, number_at, object_at, objects_at, text_at
from reports.figures import in_unit, number_in_words, span_in_words
from reports.hours import hours_finding
from reports.model import Finding, RowsBehind, Unit
from reports.sources import FRICTION, TIME, Sources

# So many recurring tasks are findings of their own; all of them are in a table.
MOST_TASKS = 3
MEETING = "meeting"


def findings_of(sources: Sources, recurring: list[Finding]) -> list[Finding]:
    """Return the findings, those with the most hours first, those without hours last."""
    found = [*largest_category(sources), *largest_tasks(recurring), *automatable_tasks(sources, recurring)]
    friction = sources.content(FRICTION)
    found += [*meetings(sources, friction), *short_rows(sources, friction), *rework(friction), *waiting(friction)]
    return sorted(found, key=lambda finding: -(finding.hours or 0))


def largest_category(sources: Sources) -> Iterator[Finding]:
    """Yield the finding about the category with the most time; none without categories."""
    content = sources.content(TIME)
    lines = [
        (hours, text_at(line, "category")) for line in objects_at(content, "breakdown") if (hours := hours_in(line))
    ]
    if not lines:
        return
    hours, category = max(lines, key=lambda line: line[0])
    text = ngettext("It is the largest of %(n)s category.", "It is the largest of %(n)s categories.", len(lines)) % {
        "n": len(lines)
    }
    top = number_at(content, "concentration", "top_three_percent")
    if top is not None and len(lines) > 3:
        text += " " + _("The three largest take %(share)s of the time.") % {"share": in_unit(top, Unit.PERCENT)}
    values = {"minutes": in_unit(hours * 60, Unit.MINUTES), "hours": in_unit(hours, Unit.HOURS)}
    formula = _("The durations of all rows of this category: %(minutes)s ÷ 60 = %(hours)s.") % values
    title = _("Most time goes to “%(category)s”") % {"category": category_in_words(category)}
    yield hours_finding(sources, "category", title, text, hours, formula=formula, rows=RowsBehind("category", category))


def hours_in(line: Content) -> float | None:
    """Return the hours of a line of the time analysis, from its minutes where it has them."""
    minutes = number_at(line, "minutes")
    return number_at(line, "hours") if minutes is None else minutes / 60


def largest_tasks(recurring: list[Finding]) -> Iterator[Finding]:
    """Yield the recurring tasks with the most hours, each as a finding of its own; meetings are one in all."""
    yield from [task for task in recurring if task.hours and task.why_code != MEETING][:MOST_TASKS]


def automatable_tasks(sources: Sources, recurring: list[Finding]) -> Iterator[Finding]:
    """Yield the finding about all recurring tasks that could be automated; none if nobody judged them."""
    suited = [task for task in recurring if task.automatable]
    hours = sum(task.hours or 0 for task in suited)
    if not hours:
        return
    count = {"n": number_in_words(len(suited))}
    title = (
        ngettext("%(n)s recurring task could be automated", "%(n)s recurring tasks could be automated", len(suited))
        % count
    )
    names = ", ".join(_("“%(name)s”") % {"name": task.title} for task in suited[:3])
    text = _("The largest: %(names)s. Meetings and tasks that need a person's judgement are not among them.") % {
        "names": names
    }
    formula = _("The durations of the rows of these tasks, added up: %(hours)s.") % {
        "hours": in_unit(hours, Unit.HOURS)
    }
    yield hours_finding(sources, "automatable", title, text, hours, formula=formula)


def meetings(sources: Sources, friction: Content) -> Iterator[Finding]:
    """Yield the finding about the time in meetings, if it was delivered."""
    part = object_at(friction, "meetings")
    minutes, count = number_at(part, "minutes"), count_at(part, "rows")
    if not minutes or not count:
        return
    text = ngettext(
        "%(n)s row is a meeting: a meeting is between people, and no agent can hold it for them.",
        "%(n)s rows are meetings: a meeting is between people, and no agent can hold it for them.",
        count,
    )
    formula = _("The durations of all rows whose text or category names a meeting: %(minutes)s ÷ 60.") % {
        "minutes": in_unit(minutes, Unit.MINUTES)
    }
    rows = RowsBehind("meetings", count=count)
    yield hours_finding(
        sources,
        "meetings",
        _("Meetings"),
        text % {"n": number_in_words(count)},
        minutes / 60,
        formula=formula,
        rows=rows,
    )


def short_rows(sources: Sources, friction: Content) -> Iterator[Finding]:
    """Yield the finding about time in blocks under 15 minutes, if it was delivered."""
    part = object_at(friction, "fragmentation")
    minutes, count = number_at(part, "short_minutes"), count_at(part, "short_rows")
    if not minutes or not count:
        return
    text = ngettext("%(n)s row is shorter than 15 minutes.", "%(n)s rows are shorter than 15 minutes.", count) % {
        "n": number_in_words(count)
    }
    switches = number_at(part, "switches_per_hour")
    if switches is not None:
        text += " " + _("People change from one task to another %(n)s times an hour.") % {
            "n": number_in_words(switches)
        }
    formula = _("The durations of all rows under 15 minutes: %(minutes)s ÷ 60.") % {
        "minutes": in_unit(minutes, Unit.MINUTES)
    }
    rows = RowsBehind("short", count=count)
    yield hours_finding(
        sources, "fragmentation", _("Time in short pieces"), text, minutes / 60, formula=formula, rows=rows
    )


def rework(friction: Content) -> Iterator[Finding]:
    """Yield the finding about cases that return to a task they had left, if it was delivered."""
    part = object_at(friction, "rework")
    cases, again = count_at(part, "cases"), count_at(part, "cases_with_rework")
    if not cases or not again:
        return
    values = {
        "again": number_in_words(again),
        "cases": number_in_words(cases),
        "share": in_unit(number_at(part, "percent") or 100 * again / cases, Unit.PERCENT),
    }
    text = _("%(again)s of %(cases)s cases (%(share)s) return to a task that they had left.") % values
    formula = _("Cases in which a task comes again after another task, divided by all cases.")
    yield Finding("rework", _("Work that is done again"), text, formula=formula)


def waiting(friction: Content) -> Iterator[Finding]:
    """Yield the finding about the time between two tasks of a case, if it was delivered."""
    part = object_at(friction, "waiting")
    median, p90 = number_at(part, "median_minutes"), number_at(part, "p90_minutes")
    if median is None or not count_at(part, "steps"):
        return
    text = _("Half of the steps of a case begin within %(median)s after the step before.") % {
        "median": span_in_words(median)
    }
    if p90 is not None:
        text += " " + _("One in ten waits longer than %(p90)s.") % {"p90": span_in_words(p90)}
    formula = _("The beginning of a step minus the end of the step before it, in the same case; the median.")
    yield Finding("waiting", _("Waiting between the steps of a case"), text, formula=formula)
