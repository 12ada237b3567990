"""How values of a deliverable look to a person, and to a spreadsheet."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from pages.admin_pages import bounded

# A spreadsheet takes a text that begins so for a formula, and may run it.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
LONGEST_CELL = 400
# Beyond this a whole number, of which JSON may have any, is no figure any more.
TOO_LARGE = 1e100

Row = Mapping[str, Any]


def worded(value: Any) -> str:
    """A value in one line: numbers as the reader writes them, the rest in words or as JSON."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if value is None:
        return "–"
    if isinstance(value, int | float):
        return numeral(value)
    return shortened(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def numeral(value: float) -> str:
    """A number with its thousands apart; one with a fraction has two decimals."""
    decimals = 2 if isinstance(value, float) else 0
    return number_format(value, decimals, use_l10n=True, force_grouping=True)


def shortened(text: str) -> str:
    """The text, cut where it is too long for a cell."""
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether it is a number that can be reckoned with, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < TOO_LARGE


def name_in_words(key: str) -> str:
    """A key as words, such as `Total hours`."""
    return bounded(key.replace("_", " ").strip().capitalize() or key)


def tables_in(content: Row) -> dict[str, list[Row]]:
    """The lists of objects in the content, by their keys in a fixed order."""
    return {key: rows for key in sorted(content) if (rows := rows_of(content[key]))}


def rows_of(value: Any) -> list[Row]:
    """The value as rows, if it is a list of objects; otherwise none."""
    return value if isinstance(value, list) and value and all(isinstance(row, dict) for row in value) else []


def columns_of(rows: Sequence[Row]) -> list[str]:
    """Every key that some row has, in the order in which they come."""
    return list(dict.fromkeys(key for row in rows for key in row))


def as_csv(rows: Sequence[Row]) -> bytes:
    """The rows as a CSV file that any spreadsheet opens with its umlauts, and none runs as formulas."""
    columns = columns_of(rows)
    text = io.StringIO(newline="")
    # All quoted: a semicolon begins a new cell in many a spreadsheet, and a formula behind it would run.
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow([harmless(column) for column in columns])
    writer.writerows([cell(row.get(column)) for column in columns] for row in rows)
    return text.getvalue().encode("utf-8-sig", errors="replace")


def cell(value: Any) -> Any:
    """A value as a cell: numbers as they are, texts harmless, anything else as JSON."""
    if value is None:
        return ""
    if is_number(value):
        return value
    return harmless(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def harmless(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
