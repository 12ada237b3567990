"""The plots of a report as data: share by category, recurrence, hours by week, the heat map of the week, the scenario.

A plot whose data were not delivered, or have another shape, is left out.
"""

from collections.abc import Iterator, Sequence

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.categories import category_in_words
from reports.contents import count_at, number_at, objects_at, text_at
from reports.figures import number_in_words
from reports.findings import hours_in
from reports.model import Finding, Plot, Scenario
from reports.sources import COST, FRICTION, TIME, Sources

MOST_SLICES, MOST_BARS = 5, 10
HOURS = 24


def plots_of(sources: Sources, recurring: list[Finding], scenario: Scenario | None) -> list[Plot]:
    """Return the plots whose data were delivered."""
    return [
        *share_by_category(sources),
        *recurrence(sources, recurring),
        *by_week(sources),
        *week_heat_map(sources),
        *scenario_range(sources, scenario),
    ]


def share_by_category(sources: Sources) -> Iterator[Plot]:
    """Yield the ring of the hours by category."""
    lines = [
        (category_in_words(text_at(line, "category")) or "–", hours_in(line))
        for line in objects_at(sources.content(TIME), "breakdown")
    ]
    shares = [(category, round(hours, 2)) for category, hours in lines if hours is not None and hours >= 0]
    if shares:
        yield Plot("share", "donut", _("Share of the time by category"), with_rest(shares, MOST_SLICES), _("h"))


def recurrence(sources: Sources, recurring: list[Finding]) -> Iterator[Plot]:
    """Yield the bars of the recurring tasks by hours, or by how often they come if no durations were delivered."""
    hours = [(task.title, round(task.hours or 0, 2)) for task in recurring if (task.hours or 0) >= 0]
    if any(value for _title, value in hours):
        yield Plot("recurrence", "bars", _("Recurring tasks by hours"), hours[:MOST_BARS], _("h"))
        return
    lines = objects_at(sources.content(FRICTION), "clusters")
    counts = [(text_at(line, "sample_text"), count) for line in lines if (count := count_at(line, "count")) is not None]
    if counts := [(title, count) for title, count in counts if title and count >= 0]:
        yield Plot("recurrence", "bars", _("Recurring tasks by how often they come"), counts[:MOST_BARS], "×")


def by_week(sources: Sources) -> Iterator[Plot]:
    """Yield the line of the hours in each week."""
    lines = objects_at(sources.content(TIME), "by_week")
    weeks = [(text_at(line, "week"), number_at(line, "hours")) for line in lines]
    if len(weeks) > 1:
        yield Plot("weeks", "line", _("Hours in each week"), weeks, _("h"))


def week_heat_map(sources: Sources) -> Iterator[Plot]:
    """Yield the heat map of the hours by day of the week and hour of the day; only the hours that occur."""
    cells: dict[tuple[int, int], float] = {}
    for line in objects_at(sources.content(TIME), "by_weekday"):
        day, hour, hours = count_at(line, "weekday"), count_at(line, "hour"), number_at(line, "hours")
        if day is None or hour is None or hours is None or hours < 0:
            continue
        if day in range(1, 8) and hour in range(HOURS):
            cells[day, hour] = cells.get((day, hour), 0) + hours
    if not any(cells.values()):
        return
    span = range(min(hour for _day, hour in cells), max(hour for _day, hour in cells) + 1)
    days = range(1, 8 if any(day > 5 for day, _hour in cells) else 6)
    rows = [(str(WEEKDAYS[day - 1]), *(round(cells.get((day, hour), 0), 2) for hour in span)) for day in days]
    columns = [f"{hour:02d}" for hour in span]
    words = _("Hours of work by day of the week and by the hour of the day at which it began.")
    if (timed := count_at(sources.content(TIME), "timed_rows")) is not None:
        words += " " + ngettext("%(n)s row tells it.", "%(n)s rows tell it.", timed) % {"n": number_in_words(timed)}
    yield Plot("week", "heat", _("When the work is done"), rows, _("h"), words, columns)


def scenario_range(sources: Sources, scenario: Scenario | None) -> Iterator[Plot]:
    """Yield the range of the hours that an agent could take over; without an interval, the cost now and with it."""
    if scenario and scenario.low_hours is not None and scenario.high_hours is not None:
        low, high = scenario.low_hours, scenario.high_hours
        middle = min(max(scenario.recovered_hours, low), high)
        if 0 <= low <= high:
            line = (_("With an agent"), round(low, 2), round(middle, 2), round(high, 2))
            yield Plot("scenario", "range", _("Hours a month that an agent could take over"), [line], _("h"))
        return
    now, saved = sources.number(COST, "monthly_cost"), scenario.recovered_monthly_cost if scenario else None
    if now is not None and saved is not None and 0 <= saved <= now:
        bars = [(_("Now"), now), (_("With an agent"), round(now - saved, 2))]
        yield Plot("scenario", "bars", _("Cost a month, now and with an agent"), bars, sources.currency)


def with_rest(rows: Sequence[tuple[str, float]], most: int) -> list[tuple[str, float]]:
    """Return the first `most` rows and one row with the sum of all others; a single other row is kept itself."""
    if len(rows) <= most + 1:
        return list(rows)
    return [*rows[:most], (_("All others"), round(sum(value for _label, value in rows[most:]), 2))]
