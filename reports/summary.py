"""The summary of a report, in at most five sentences, and its headline figures."""

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.contents import Content, count_at, number_at, text_at
from reports.figures import in_unit, money_in_words, number_in_words
from reports.model import Figure, Finding, Period, Scenario, Unit
from reports.sources import COST, FRICTION, SCENARIO, TIME, Sources

MOST_SENTENCES = 5


def summary_of(sources: Sources, period: Period, findings: list[Finding], scenario: Scenario | None) -> list[str]:
    """Return the report in at most five sentences; without analyses, the first summary that an agent delivered."""
    sentences = [
        *covered(sources, period),
        *most_time(findings),
        *costs(sources),
        *recurs(sources),
        *could_be(sources, scenario),
    ]
    return sentences[:MOST_SENTENCES] or own_summary(sources.contents)


def covered(sources: Sources, period: Period) -> Iterator[str]:
    """Yield the sentence about what the data cover."""
    rows, hours = count_at(sources.content(TIME), "rows"), sources.hours
    if hours is None:
        return
    values = {"rows": number_in_words(rows or 0), "hours": in_unit(hours, Unit.HOURS), "period": period.words}
    if not period.is_stated:
        yield _("The data hold %(hours)s of work; nobody said which period they cover.") % values
    elif rows is None:
        yield _("The data hold %(hours)s of work (%(period)s).") % values
    else:
        yield _("The data hold %(rows)s rows with %(hours)s of work (%(period)s).") % values


def most_time(findings: list[Finding]) -> Iterator[str]:
    """Yield the sentence about the category with the most time."""
    for finding in findings:
        if finding.key == "category" and finding.hours is not None and finding.share_percent is not None:
            share = in_unit(finding.share_percent, Unit.PERCENT)
            values = {"title": finding.title, "hours": in_unit(finding.hours, Unit.HOURS), "share": share}
            yield _("%(title)s: %(hours)s, %(share)s of the time.") % values


def costs(sources: Sources) -> Iterator[str]:
    """Yield the sentence about the cost in a month and in a year."""
    monthly, annual = sources.number(COST, "monthly_cost"), sources.number(COST, "annual_cost")
    if monthly is None or annual is None or sources.rate is None:
        return
    amounts = {"rate": sources.rate, "monthly": monthly, "annual": annual}
    values = {key: money_in_words(amount, sources.currency) for key, amount in amounts.items()}
    yield _("At %(rate)s an hour, this costs %(monthly)s a month and %(annual)s a year.") % values


def recurs(sources: Sources) -> Iterator[str]:
    """Yield the sentence about the share of the rows that recur."""
    content = sources.content(FRICTION)
    share, count = number_at(content, "recurring_share"), count_at(content, "cluster_count")
    if share is not None and count is not None:
        values = {"share": in_unit(share, Unit.PERCENT), "count": number_in_words(count)}
        words = ngettext(
            "%(share)s of the rows recur: they belong to %(count)s task that comes more than once.",
            "%(share)s of the rows recur: they belong to %(count)s tasks that come more than once.",
            count,
        )
        yield words % values


def could_be(sources: Sources, scenario: Scenario | None) -> Iterator[str]:
    """Yield the sentence about what an agent could take over, with the interval where there is one."""
    content = sources.content(SCENARIO)
    hours, share = number_at(content, "recovered_hours"), number_at(content, "avoidable_percent")
    monthly = number_at(content, "recovered_monthly_cost")
    if hours is None or share is None:
        return
    values = {"share": in_unit(share, Unit.PERCENT), "hours": in_unit(hours, Unit.HOURS)}
    if monthly is None:
        yield _("By assumption, an agent could take over up to %(share)s of the work: %(hours)s a month.") % values
        return
    values["money"] = money_in_words(monthly, sources.currency)
    if scenario is None or scenario.low_hours is None or scenario.high_hours is None:
        words = _(
            "By assumption, an agent could take over up to %(share)s of the work: %(hours)s a month, "
            "worth %(money)s a month."
        )
        yield words % values
        return
    values |= {"low": in_unit(scenario.low_hours, Unit.HOURS), "high": in_unit(scenario.high_hours, Unit.HOURS)}
    words = _(
        "By assumption, an agent could take over up to %(share)s of the work: %(hours)s a month (%(low)s to %(high)s), "
        "worth %(money)s a month."
    )
    yield words % values


def own_summary(contents: Mapping[str, Content]) -> list[str]:
    """Return the first summary of a deliverable; a generic output only lists the names of other deliverables."""
    summaries = (text_at(contents[kind], "summary") for kind in sorted(contents) if kind != "generic_output")
    return [summary for summary in summaries if summary][:1]


def headline_of(sources: Sources) -> list[Figure]:
    """Return the most important figures that were delivered; each label says of which time it is."""
    candidates = [
        ("total_hours", sources.hours, Unit.HOURS, _("of work in the period of the data")),
        ("monthly_cost", sources.number(COST, "monthly_cost"), Unit.MONEY, _("cost a month")),
        ("annual_cost", sources.number(COST, "annual_cost"), Unit.MONEY, _("cost a year")),
        ("recurring_share", sources.number(FRICTION, "recurring_share"), Unit.PERCENT, _("of the rows recur")),
        (
            "recovered_hours",
            sources.number(SCENARIO, "recovered_hours"),
            Unit.HOURS,
            _("a month an agent could take over"),
        ),
        (
            "recovered_annual_cost",
            sources.number(SCENARIO, "recovered_annual_cost"),
            Unit.MONEY,
            _("a year could be saved"),
        ),
    ]
    return [
        Figure(key, label, value, unit, in_unit(value, unit, sources.currency))
        for key, value, unit, label in candidates
        if value is not None
    ]
