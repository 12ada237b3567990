"""Format the values of a deliverable for people and for spreadsheets."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pages.admin_pages import bounded_text
from schemas.periods import WORKING_DAYS, days_of, is_period, working_days

# A spreadsheet program reads a text that begins with one of these as a formula, and may execute it.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
LONGEST_CELL = 400
# Larger numbers are not treated as figures: JSON allows integers of any size, which a float cannot hold.
TOO_LARGE = 1e100

# The periods that are a length without days.
LENGTHS = {
    "day": gettext_lazy("One day"),
    "week": gettext_lazy("One week"),
    "month": gettext_lazy("One month"),
    "quarter": gettext_lazy("One quarter"),
    "year": gettext_lazy("One year"),
}

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
    """Return a number in the reader's format with grouped thousands; a float has two decimals."""
    decimals = 2 if isinstance(value, float) else 0
    return number_format(value, decimals, use_l10n=True, force_grouping=True)


def money_in_words(amount: Any, currency: str) -> str:
    """Return an amount of money with two decimals in the reader's number format, and the code of its currency.

    Without a currency the amount stands alone: no currency is assumed.
    """
    number = number_format(amount, 2, use_l10n=True, force_grouping=True)
    # A space at which no line breaks.
    return f"{number}\u00a0{currency}" if currency else number


def period_in_words(period: Any) -> str:
    """Return the period that rows cover in words: its days, working days and people; empty if it says no length."""
    if not is_period(period):
        return ""
    first, last = days_of(period)
    counts = [ngettext("%(n)s person", "%(n)s people", people)] if (people := period.get("people")) else []
    counts = [words % {"n": number_in_words(people)} for words in counts]
    if first is None or last is None:
        if period["type"] != WORKING_DAYS:
            return ", ".join([str(LENGTHS[period["type"]]), *counts])
        return ", ".join([working_days_in_words(period["working_days"]), *counts])
    days = (last - first).days + 1
    counts = [working_days_in_words(working_days(first, last)), *counts]
    counts = [ngettext("%(n)s day", "%(n)s days", days) % {"n": number_in_words(days)}, *counts]
    shown = [date_format(day, "DATE_FORMAT") for day in dict.fromkeys((first, last))]
    return f"{' – '.join(shown)}: {', '.join(counts)}"


def working_days_in_words(count: int) -> str:
    """Return a number of working days in words."""
    return ngettext("%(n)s working day", "%(n)s working days", count) % {"n": number_in_words(count)}


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
