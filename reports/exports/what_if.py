"""The scenario of a workbook: cells that may be changed, with names, and formulas that follow them."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from reports.exports.sheets import Sheet
from reports.model import Report, Scenario, Unit

# The names of the cells in formulas; they are the same in every language.
HOURLY_RATE, PERIODS_A_MONTH = "hourly_rate", "periods_a_month"
CAP, FACTOR, RECURRING, MONTHLY_HOURS = "cap_percent", "recurring_factor", "recurring_percent", "monthly_hours"
AVOIDABLE, RECOVERED, RECOVERED_COST = "avoidable_percent", "recovered_hours", "recovered_monthly_cost"


@dataclass
class Names:
    """The values behind the names of a workbook, and the formula of each headline figure with what it computes."""

    hourly_rate: float | None = None
    periods_a_month: float | None = None
    headline: dict[str, tuple[str, float | None]] = field(default_factory=dict)

    def note_total(self, key: str, cell: str, total: float) -> None:
        """Keep the sum of the categories as the formula of the headline figures that are computed from it."""
        if key == "hours":
            self.headline["total_hours"] = (cell, total)
        else:
            self.headline["monthly_cost"] = (cell, total)
            self.headline["annual_cost"] = (f"12*{cell}", 12 * total)


def add_scenario(sheet: Sheet, report: Report, periods_a_month: float | None) -> Names:
    """Write the values that may be changed and what follows from them, and return their names."""
    scenario = report.scenario
    rate = next((each.value for each in report.assumptions if each.key == HOURLY_RATE), None)
    names = Names(float(rate) if isinstance(rate, int | float) else None, periods_a_month)
    sheet.title(_("What an agent could take over"))
    sheet.line(_("Change a coloured cell: what follows from it is computed again."))
    inputs = [
        (HOURLY_RATE, _("Hourly rate"), names.hourly_rate, Unit.MONEY),
        (PERIODS_A_MONTH, _("Periods of the data in a month"), periods_a_month, Unit.FACTOR),
    ]
    if scenario:
        inputs += [
            (CAP, _("Most that an agent could take over"), scenario.cap_percent, Unit.PERCENT),
            (FACTOR, _("Factor of the recurring share"), scenario.factor, Unit.FACTOR),
            (RECURRING, _("Recurring share of the rows"), scenario.recurring_percent, Unit.PERCENT),
            (MONTHLY_HOURS, _("Hours a month"), scenario.monthly_hours, Unit.HOURS),
        ]
    for name, label, value, unit in inputs:
        if value is not None:
            add_input(sheet, name, label, value, unit)
    if scenario:
        add_results(sheet, scenario, names)
    sheet.skip()
    return names


def add_input(sheet: Sheet, name: str, label: str, value: float, unit: Unit) -> None:
    """Write a value that may be changed and define its name."""
    sheet.write(0, label, Unit.NONE)
    sheet.book.define_name(name, sheet.write(1, value, unit, is_input=True))
    sheet.write(2, name, Unit.NONE)
    sheet.at += 1


def add_results(sheet: Sheet, scenario: Scenario, names: Names) -> None:
    """Write what follows from the values, each as a formula where it computes to the report's figure."""
    share = min(scenario.cap_percent, scenario.factor * scenario.recurring_percent)
    hours = scenario.monthly_hours * share / 100
    results: list[tuple[str, str, str, float, float | None, Unit]] = [
        (AVOIDABLE, _("Share that an agent could take over, at most"), f"MIN({CAP},{FACTOR}*{RECURRING})", share,
         scenario.avoidable_percent, Unit.PERCENT),
        (RECOVERED, _("Hours a month that an agent could take over"), f"{MONTHLY_HOURS}*{AVOIDABLE}/100", hours,
         scenario.recovered_hours, Unit.HOURS),
    ]  # fmt: skip
    if names.hourly_rate is not None:
        cost = hours * names.hourly_rate
        results += [
            (RECOVERED_COST, _("Worth a month"), f"{RECOVERED}*{HOURLY_RATE}", cost,
             scenario.recovered_monthly_cost, Unit.MONEY),
            ("recovered_annual_cost", _("Worth a year"), f"12*{RECOVERED_COST}", 12 * cost,
             scenario.recovered_annual_cost, Unit.MONEY),
        ]  # fmt: skip
    for name, label, formula, computed, value, unit in results:
        if value is not None:
            cell = sheet.figure(label, value, unit, formula, computed)
            sheet.book.define_name(name, cell)
            names.headline[name] = (name, computed)
