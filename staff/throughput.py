"""How many projects were finished in each hour of the last day, and how long they took from opening to finish."""

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
from pages.presentation import length_of

HOURS = 24
DAY = timedelta(hours=HOURS)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Hour:
    """An hour of the clock, or the part of it that is looked at: the lead times of what was finished, sorted."""

    starts: datetime
    ends: datetime
    spans: tuple[timedelta, ...]

    @property
    def label(self) -> str:
        """When the hour of the clock began, by the reader's clock."""
        return timezone.localtime(self.ends - HOUR).strftime("%H:%M")

    @property
    def median(self) -> float | None:
        """The median lead time in minutes; None where nothing was finished."""
        return median_of(self.spans) / MINUTE if self.spans else None

    @property
    def ninetieth(self) -> float | None:
        """The 90th percentile of the lead times in minutes; None where nothing was finished."""
        return ninetieth_of(self.spans) / MINUTE if self.spans else None


def hours(times: Iterable[tuple[datetime, datetime]], now: datetime) -> list[Hour]:
    """The last 24 hours by the reader's clock, from (opened, finished) pairs: 25, the first and the last in part."""
    current = timezone.localtime(now).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    first = current - DAY
    found: list[list[timedelta]] = [[] for _hour in range(HOURS + 1)]
    for opened, finished in times:
        if now - DAY <= finished < current + HOUR:
            found[(finished - first) // HOUR].append(lead_time(opened, finished))
    starts = [first + i * HOUR for i in range(HOURS + 1)]
    return [
        Hour(max(start, now - DAY), start + HOUR, tuple(sorted(spans)))
        for start, spans in zip(starts, found, strict=True)
    ]


def lead_time(opened: datetime, finished: datetime) -> timedelta:
    """From opening to finish; nothing where two clocks disagree about which came first."""
    return max(finished - opened, timedelta())


def median_of(spans: Sequence[timedelta]) -> timedelta:
    """The middle of the spans, which are not none."""
    return timedelta(seconds=median(span.total_seconds() for span in spans))


def ninetieth_of(spans: Sequence[timedelta]) -> timedelta:
    """The shortest span that nine of ten do not exceed; the spans are sorted, and not none."""
    return spans[ceil(0.9 * len(spans)) - 1]


# -- in words --------------------------------------------------------------------------------------
def summary(times: Sequence[tuple[datetime, datetime]]) -> str:
    """What the day was like, in a sentence or two."""
    if not times:
        return _("Nothing was finished in the last 24 hours.")
    spans = sorted(lead_time(opened, finished) for opened, finished in times)
    words = ngettext("%(n)s project was finished.", "%(n)s projects were finished.", len(spans))
    many = words % {"n": number_format(len(spans), use_l10n=True, force_grouping=True)}
    said = {"median": spelled(median_of(spans)), "ninetieth": spelled(ninetieth_of(spans))}
    one, half = _("It took %(median)s."), _("Half were done in %(median)s, nine of ten in %(ninetieth)s.")
    return f"{many} {(one if len(spans) == 1 else half) % said}"


def spelled(span: timedelta) -> str:
    """A span in its two largest units, such as “3 h 12 min”."""
    if span < MINUTE:
        return _("less than a minute")
    unit = max(one for one in (MINUTE, HOUR, DAY) if one <= span)
    rest = span % unit
    below = {MINUTE: DAY, HOUR: MINUTE, DAY: HOUR}[unit]
    return f"{length_of(span)} {length_of(rest)}" if rest >= below else length_of(span)


# -- drawn -----------------------------------------------------------------------------------------
def plots(found: Sequence[Hour]) -> list[SafeString]:
    """Throughput, and the median and the 90th percentile of the lead time, hour by hour."""
    labels = [hour.label for hour in found]
    by_clock = _("By the hours of the clock; of the first and the last a part is shown.")
    counts = [len(hour.spans) for hour in found]
    return [
        stacked(_("Projects finished per hour"), labels, [(_("Finished"), counts)], description=by_clock),
        line(
            _("Lead time: half of the projects took at most"),
            [(hour.label, hour.median) for hour in found],
            unit=_("min"), description=by_clock,
        ),
        line(
            _("Lead time: nine of ten projects took at most"),
            [(hour.label, hour.ninetieth) for hour in found],
            unit=_("min"), description=by_clock,
        ),
    ]  # fmt: skip
