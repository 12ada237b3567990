"""Write the tables of a report into sheets, with sums and what follows from rate and period as formulas."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from xlsxwriter.utility import xl_rowcol_to_cell

from reports.exports.sheets import Sheet
from reports.exports.what_if import HOURLY_RATE, PERIODS_A_MONTH, Names
from reports.figures import is_number
from reports.model import Table, Unit

NARROW, WIDE = 14, 44


def add_table(sheet: Sheet, table: Table, names: Names, *, is_alone: bool = True) -> None:
    """Write the table with a line of sums; alone in its sheet its header is frozen and can be filtered."""
    columns = table.columns
    if is_alone:
        sheet.widths(*(NARROW if column.is_number else WIDE for column in columns))
    sheet.header([column.title for column in columns], is_frozen=is_alone)
    first = sheet.at
    for row in table.rows:
        for number, (value, column) in enumerate(zip(row, columns, strict=True)):
            formula, computed = formula_of(sheet, table, number, row, names)
            sheet.formula(number, formula, computed, value, column.unit)
        sheet.at += 1
    if is_alone:
        sheet.sheet.autofilter(first - 1, 0, sheet.at - 1, len(columns) - 1)
    add_sums(sheet, table, first, names)


def formula_of(sheet: Sheet, table: Table, number: int, row: object, names: Names) -> tuple[str, float | None]:
    """Return the formula of a cell and what it computes: hours a month, and their cost; ("", None) for another cell."""
    places = {column.key: i for i, column in enumerate(table.columns)}
    values: Mapping[str, object] = dict(zip(places, row, strict=True))  # type: ignore[call-overload]
    key, hours = table.columns[number].key, values.get("hours")
    if key not in ("monthly_hours", "monthly_cost") or not is_number(hours) or names.periods_a_month is None:
        return "", None
    monthly = hours * names.periods_a_month
    formula = f"{xl_rowcol_to_cell(sheet.at, places['hours'])}*{PERIODS_A_MONTH}"
    if key == "monthly_hours":
        return formula, monthly
    return ("", None) if names.hourly_rate is None else (f"{formula}*{HOURLY_RATE}", monthly * names.hourly_rate)


def add_sums(sheet: Sheet, table: Table, first: int, names: Names) -> None:
    """Write the line of the sums, and keep the address of the sum of hours; nothing if rows were left out."""
    if not table.summed or table.left or not table.rows:
        return
    last = sheet.at - 1
    for number, column in enumerate(table.columns):
        numbers = [row[number] for row in table.rows]
        if column.key not in table.summed or not all(is_number(value) for value in numbers):
            sheet.write(number, _("Total") if number == 0 else None, Unit.NONE, is_bold=True)
            continue
        total = sum(value for value in numbers if is_number(value))
        span = f"{xl_rowcol_to_cell(first, number)}:{xl_rowcol_to_cell(last, number)}"
        cell = sheet.formula(number, f"SUM({span})", total, total, column.unit, is_bold=True)
        if table.key == "categories" and column.key in ("hours", "monthly_cost"):
            names.note_total(column.key, cell, total)
    sheet.at += 1
