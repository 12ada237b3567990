"""Two reports side by side: of two periods, of two teams, or of one project before and after a review."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from reports.figures import in_unit
from reports.model import Report, Unit, Value

MOST_CATEGORIES = 50


class DifferentCurrencies(Exception):
    """The amounts of the two reports are in different currencies; the message says so in words."""


@dataclass(frozen=True)
class Compared:
    """One figure of two reports in words, and the difference, second less first; "–" where one has no such figure."""

    label: str
    first: str
    second: str
    difference: str
    is_equal: bool


@dataclass(frozen=True)
class Comparison:
    """The figures of two reports, and their hours by category; `notes` say what makes them hard to compare."""

    first: Report
    second: Report
    figures: list[Compared]
    categories: list[Compared]
    categories_title: str
    notes: list[str]

    @property
    def changed(self) -> list[Compared]:
        """Return the figures and the categories that differ."""
        return [line for line in (*self.figures, *self.categories) if not line.is_equal]


def compared(first: Report, second: Report) -> Comparison:
    """Return the comparison of two reports. Raises DifferentCurrencies: amounts are never converted."""
    if first.currency != second.currency:
        codes = [report.currency or _("a currency that nobody stated") for report in (first, second)]
        words = _(
            "The amounts of the first report are in %(first)s, those of the second in %(second)s. Interlock converts "
            "no currencies, so the two cannot be compared."
        )
        raise DifferentCurrencies(words % {"first": codes[0], "second": codes[1]})
    return Comparison(first, second, figures(first, second), *categories(first, second), notes(first, second))


def notes(first: Report, second: Report) -> list[str]:
    """Return in sentences what makes the two reports hard to compare."""
    found = []
    if first.period.months and second.period.months and abs(first.period.months - second.period.months) > 0.01:
        found.append(_("The periods differ in length: compare the figures of a month, and not those of the period."))
    if not (first.period.is_stated and second.period.is_stated):
        found.append(_("At least one period was not stated: its figures of a month rest on an assumption."))
    return found


def figures(first: Report, second: Report) -> list[Compared]:
    """Return the headline figures, the scenario's coefficients and the counts of the data, compared."""
    of_first, of_second = figures_by_key(first), figures_by_key(second)
    found = []
    for key, (label, unit, _value) in (of_first | of_second).items():
        values = (part[key][2] if key in part else None for part in (of_first, of_second))
        found.append(line_of(label, unit, *values, currency=first.currency))
    return found


def figures_by_key(report: Report) -> dict[str, tuple[str, Unit, float]]:
    """Return the figures of a report that can be compared: {key: (label, unit, value)}."""
    labels, shown = comparable_figures(), (*report.headline, *report.quality.counts)
    found = {figure.key: (labels[figure.key], figure.unit, figure.value) for figure in shown if figure.key in labels}
    scenario, period = report.scenario, report.period
    more = {
        "hourly_rate": (_("Hourly rate"), Unit.MONEY, scenario.hourly_rate if scenario else None),
        "cap_percent": (
            _("Most that an agent could take over"),
            Unit.PERCENT,
            scenario.cap_percent if scenario else None,
        ),
        "factor": (_("Factor of the recurring share"), Unit.FACTOR, scenario.factor if scenario else None),
        "days": (_("Days that the data cover"), Unit.COUNT, period.days),
        "people": (_("People in the data"), Unit.COUNT, period.people),
    }
    return found | {key: (label, unit, value) for key, (label, unit, value) in more.items() if value is not None}


def comparable_figures() -> dict[str, str]:
    """Return the figures of a report that two reports can be compared by: {key: label}."""
    return {
        "total_hours": _("Hours of work in the period of the data"),
        "monthly_cost": _("Cost a month"),
        "annual_cost": _("Cost a year"),
        "recurring_share": _("Rows that recur"),
        "recovered_hours": _("Hours a month that an agent could take over"),
        "recovered_annual_cost": _("Worth of these hours a year"),
        "rows_read": _("Rows read"),
        "row_warnings": _("Warnings about the file"),
        "rows_without_duration": _("Rows without a duration"),
    }


def categories(first: Report, second: Report) -> tuple[list[Compared], str]:
    """Return the hours of a month by category, compared, and their title; hours of the period without a month's."""
    title = _("Hours a month by category")
    tables = [hours_by_category(report, "monthly_hours") for report in (first, second)]
    if not all(tables):
        title, tables = _("Hours in the period by category"), [hours_by_category(r, "hours") for r in (first, second)]
    names = list(dict.fromkeys(name for table in tables for name in table))[:MOST_CATEGORIES]
    lines = [line_of(name, Unit.HOURS, *(table.get(name) for table in tables), currency="") for name in names]
    return lines, title


def hours_by_category(report: Report, key: str) -> Mapping[str, float]:
    """Return {category: hours} from the column with this key; empty if there is none."""
    table = next((table for table in report.tables if table.key == "categories"), None)
    place = next((i for i, column in enumerate(table.columns) if column.key == key), None) if table else None
    if table is None or place is None:
        return {}
    return {str(row[0]): number for row in table.rows if (number := as_number(row[place])) is not None}


def as_number(value: Value) -> float | None:
    """Return the cell as a number; None if it is none."""
    return float(value) if isinstance(value, int | float) else None


def line_of(label: str, unit: Unit, first: float | None, second: float | None, *, currency: str) -> Compared:
    """Return one figure of two reports and the difference, with its sign."""
    before, after = ("–" if value is None else in_unit(value, unit, currency) for value in (first, second))
    if first is None or second is None:
        return Compared(label, before, after, "–", is_equal=False)
    if before == after:
        return Compared(label, before, after, in_unit(0.0, unit, currency), is_equal=True)
    sign = "+" if second > first else ""
    return Compared(label, before, after, sign + in_unit(second - first, unit, currency), is_equal=False)
