"""Throughput and lead time: how many projects each hour of the last day finished, and how long these took.

The lead time of a project is the time from its opening to its finish.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from statistics import median

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from charts import line, stacked
from pages.presentation import span_in_words

HOURS = 24
DAY = timedelta(hours=HOURS)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Hour:
    """A full hour of the clock, or a part of one, with the sorted lead times of the projects finished in it."""

    starts: datetime
    ends: datetime
    spans: tuple[timedelta, ...]

    @property
    def label(self) -> str:
        """Return the beginning of the full hour in the reader's time zone, such as `14:00`."""
        return timezone.localtime(self.ends - HOUR).strftime("%H:%M")

    @property
    def median(self) -> float | None:
        """Return the median lead time in minutes; None if no project was finished."""
        return median_of(self.spans) / MINUTE if self.spans else None

    @property
    def ninetieth(self) -> float | None:
        """Return the 90th percentile of the lead times in minutes; None if no project was finished."""
        return ninetieth_of(self.spans) / MINUTE if self.spans else None


def hours_of_the_day(times: Iterable[tuple[datetime, datetime]], now: datetime) -> list[Hour]:
    """Return the last 24 hours, from (opened, finished) pairs.

    These are 25 hours of the reader's clock, of which the first and the last are covered in part.
    """
    current = timezone.localtime(now).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    first = current - DAY
    by_hour: list[list[timedelta]] = [[] for _hour in range(HOURS + 1)]
    for opened, finished in times:
        if now - DAY <= finished < current + HOUR:
            by_hour[(finished - first) // HOUR].append(lead_time(opened, finished))
    starts = [first + i * HOUR for i in range(HOURS + 1)]
    return [
        Hour(max(start, now - DAY), start + HOUR, tuple(sorted(spans)))
        for start, spans in zip(starts, by_hour, strict=True)
    ]


def lead_time(opened: datetime, finished: datetime) -> timedelta:
    """Return the time from opening to finish; zero if the clocks of two machines put the finish first."""
    return max(finished - opened, timedelta())


def median_of(spans: Sequence[timedelta]) -> timedelta:
    """Return the median of the spans. Raises StatisticsError if there are none."""
    return timedelta(seconds=median(span.total_seconds() for span in spans))


def ninetieth_of(spans: Sequence[timedelta]) -> timedelta:
    """Return the 90th percentile (nearest rank) of the spans, which must be sorted and not empty."""
    return spans[ceil(0.9 * len(spans)) - 1]


# -- in words --------------------------------------------------------------------------------------
def summary_in_words(times: Sequence[tuple[datetime, datetime]]) -> str:
    """Return the number of finished projects and their lead times in one or two sentences."""
    if not times:
        return _("Nothing was finished in the last 24 hours.")
    spans = sorted(lead_time(opened, finished) for opened, finished in times)
    words = ngettext("%(n)s project was finished.", "%(n)s projects were finished.", len(spans))
    count = words % {"n": number_format(len(spans), use_l10n=True, force_grouping=True)}
    values = {"median": span_in_two_units(median_of(spans)), "ninetieth": span_in_two_units(ninetieth_of(spans))}
    single, several = _("It took %(median)s."), _("Half were done in %(median)s, nine of ten in %(ninetieth)s.")
    return f"{count} {(single if len(spans) == 1 else several) % values}"


def span_in_two_units(span: timedelta) -> str:
    """Return a span in words, in its two largest units, such as “3 h 12 min”."""
    if span < MINUTE:
        return _("less than a minute")
    largest_unit = max(unit for unit in (MINUTE, HOUR, DAY) if unit <= span)
    remainder = span % largest_unit
    # Minutes have no smaller unit here: a remainder of minutes is never as long as a day.
    next_unit = {MINUTE: DAY, HOUR: MINUTE, DAY: HOUR}[largest_unit]
    return f"{span_in_words(span)} {span_in_words(remainder)}" if remainder >= next_unit else span_in_words(span)


# -- drawn -----------------------------------------------------------------------------------------
def hourly_plots(by_hour: Sequence[Hour]) -> list[SafeString]:
    """Return three plots by hour: throughput, and the median and 90th percentile of the lead time."""
    labels = [hour.label for hour in by_hour]
    by_clock = _("By the hours of the clock; of the first and the last a part is shown.")
    counts = [len(hour.spans) for hour in by_hour]
    return [
        stacked(_("Projects finished per hour"), labels, [(_("Finished"), counts)], description=by_clock),
        line(
            _("Lead time: half of the projects took at most"),
            [(hour.label, hour.median) for hour in by_hour],
            unit=_("min"), description=by_clock,
        ),
        line(
            _("Lead time: nine of ten projects took at most"),
            [(hour.label, hour.ninetieth) for hour in by_hour],
            unit=_("min"), description=by_clock,
        ),
    ]  # fmt: skip
