"""Format the values of a deliverable for people and for spreadsheets."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeGuard

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pages.admin_pages import bounded_text
from reports.model import Column, Unit, Value

# A spreadsheet program reads a text that begins with one of these as a formula, and may execute it.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
LONGEST_CELL = 400
# Larger numbers are not treated as figures: JSON allows integers of any size, which a float cannot hold.
TOO_LARGE = 1e100
MINUTES_AN_HOUR, MINUTES_A_DAY = 60, 24 * 60
EXACT_BELOW = Decimal(10) ** 18
CENT, TENTH, TEN_THOUSANDTH = Decimal("0.01"), Decimal("0.1"), Decimal("0.0001")

Row = Mapping[str, Any]


def value_in_words(value: Any) -> str:
    """Return a value in one line of text: numbers in the reader's format, other values in words or as JSON."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if value is None:
        return "–"
    if isinstance(value, int | float):
        return number_in_words(value)
    return shortened_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def number_in_words(value: float) -> str:
    """Return a number in the reader's format with grouped thousands; a float has two decimals, rounded half up."""
    if not isinstance(value, float):
        return number_format(value, 0, use_l10n=True, force_grouping=True)
    return number_format(rounded(value, CENT), 2, use_l10n=True, force_grouping=True)


def rounded(value: float, step: Decimal) -> Decimal:
    """Return the number as it is written, rounded to a multiple of the step, halves away from zero.

    A number so large that a decimal cannot hold its digits beside the step is returned unchanged.
    """
    exact = Decimal(repr(value))
    return exact if abs(exact) >= EXACT_BELOW else exact.quantize(step, ROUND_HALF_UP)


def short_number(value: float, step: Decimal) -> str:
    """Return a number in the reader's format, rounded to the step, without zeros at the end."""
    exact = rounded(float(value), step)
    whole = exact == exact.to_integral_value()
    return number_format(
        exact.quantize(Decimal(1)) if whole and abs(exact) < EXACT_BELOW else exact.normalize(),
        use_l10n=True,
        force_grouping=True,
    )


def factor_in_words(value: float) -> str:
    """Return a factor in the reader's format, with at most four decimals."""
    return short_number(value, TEN_THOUSANDTH)


def money_in_words(amount: float | Decimal, currency: str) -> str:
    """Return an amount with two decimals and its currency: `1,620.00 EUR`.

    Without a currency the number stands alone: no currency is assumed.
    """
    number = number_in_words(float(amount))
    return f"{number}\u00a0{currency}" if currency else number


def in_unit(value: float, unit: Unit, currency: str = "") -> str:
    """Return a number with its unit in words, as it stands in a sentence or beside a label."""
    if unit == Unit.MONEY:
        return money_in_words(value, currency)
    if unit == Unit.COUNT:
        return number_in_words(round(value))
    if unit == Unit.PERCENT:
        return _("%(number)s%%") % {"number": short_number(value, TENTH)}
    if unit == Unit.FACTOR:
        return factor_in_words(value)
    words = {Unit.HOURS: _("h"), Unit.MINUTES: _("min")}.get(unit, "")
    return f"{number_in_words(float(value))}\u00a0{words}".strip()


def span_in_words(minutes: float) -> str:
    """Return a span of time in the unit that suits it: minutes, hours, or days of 24 hours."""
    if minutes < MINUTES_AN_HOUR:
        return f"{short_number(minutes, TENTH)}\u00a0{_('min')}"
    if minutes < 2 * MINUTES_A_DAY:
        return f"{short_number(minutes / MINUTES_AN_HOUR, TENTH)}\u00a0{_('h')}"
    days = minutes / MINUTES_A_DAY
    return ngettext("%(n)s day", "%(n)s days", 2) % {"n": short_number(days, TENTH)}


def cell_in_words(value: Value, unit: Unit) -> str:
    """Return the text of a table cell: a number of a column with a unit, without the unit, which the heading has."""
    if value is None:
        return ""
    if unit == Unit.NONE or not is_number(value):
        return value_in_words(value)
    if unit == Unit.FACTOR:
        return factor_in_words(value)
    return number_in_words(round(value) if unit == Unit.COUNT else float(value))


def heading_in_words(column: Column, currency: str) -> str:
    """Return the heading of a column, with the unit of its numbers in brackets."""
    words = {Unit.MINUTES: _("min"), Unit.PERCENT: "%", Unit.MONEY: currency}.get(column.unit, "")
    return f"{column.title} ({words})" if words else column.title


def shortened_text(text: str) -> str:
    """Return the text, cut to LONGEST_CELL characters."""
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"


def is_number(value: Any) -> TypeGuard[int | float]:
    """Return True if the value is a number below TOO_LARGE, and not a boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < TOO_LARGE


def name_in_words(key: str) -> str:
    """Return a key as words: `total_hours` becomes `Total hours`."""
    return bounded_text(key.replace("_", " ").strip().capitalize() or key)


def tables_in(content: Row) -> dict[str, list[Row]]:
    """Return the lists of objects in the content by key, sorted by key."""
    return {key: rows for key in sorted(content) if (rows := rows_of(content[key]))}


def rows_of(value: Any) -> list[Row]:
    """Return the value if it is a list of objects; otherwise an empty list."""
    return value if isinstance(value, list) and value and all(isinstance(row, dict) for row in value) else []


def columns_of(rows: Sequence[Row]) -> list[str]:
    """Return every key that at least one row has, in order of first appearance."""
    return list(dict.fromkeys(key for row in rows for key in row))


def as_csv(rows: Sequence[Row]) -> bytes:
    """Return the rows as CSV: UTF-8 with a byte order mark, for spreadsheet programs, and with formulas disarmed."""
    columns = columns_of(rows)
    text = io.StringIO(newline="")
    # Every cell is quoted: many spreadsheet programs split at semicolons, and a formula after one would be executed.
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow([without_formula(column) for column in columns])
    writer.writerows([csv_cell(row.get(column)) for column in columns] for row in rows)
    return text.getvalue().encode("utf-8-sig", errors="replace")


def csv_cell(value: Any) -> Any:
    """Return a value as a CSV cell: a number unchanged, a text with formulas disarmed, any other value as JSON."""
    if value is None:
        return ""
    if is_number(value):
        return value
    return without_formula(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def without_formula(text: str) -> str:
    """Return the text, with an apostrophe in front if a spreadsheet program would read it as a formula."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
