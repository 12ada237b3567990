"""A workbook and its sheets, written from top to bottom: titles, lines, headers, rows and formulas.

Every text is written as a text: none becomes a formula, a link or a number, whatever it begins with.
"""

import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _
from xlsxwriter.utility import xl_rowcol_to_cell

from reports.figures import is_number
from reports.model import Unit

LONGEST_TEXT, LONGEST_SHEET_NAME = 32_000, 31
# A number with more digits is not exact in a spreadsheet program.
EXACT_BELOW = 10**15
# Halves of surrogate pairs, which XML cannot hold; xlsxwriter escapes control signs itself.
UNWRITABLE = re.compile("[\ud800-\udfff\ufffe\uffff]")
FORBIDDEN_IN_NAMES = re.compile(r"[\[\]:*?/\\]")


class Book:
    """A workbook in memory; `currency` is the ISO 4217 code of its money, empty if nobody stated it."""

    def __init__(self, title: str, author: str, currency: str, made: datetime) -> None:
        self.file = io.BytesIO()
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "remove_timezone": True,
        }
        self.book = xlsxwriter.Workbook(self.file, options)
        # A fixed time keeps two files of the same report equal.
        created = made.astimezone(UTC).replace(tzinfo=None)
        properties = {"title": writable(title)[:255], "author": writable(author)[:255] or "Interlock"}
        self.book.set_properties({**properties, "created": created})
        self.currency = currency
        self.formats: dict[tuple[Unit, bool, bool], Any] = {}
        self.title_format = self.book.add_format({"bold": True, "font_size": 14})
        self.header_format = self.book.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "bg_color": "#eef1f5"}
        )
        self.input_format_fields = {"bg_color": "#fff7e6", "border": 1}

    def sheet(self, name: str) -> "Sheet":
        """Return a new sheet with this name, cut to what spreadsheet programs allow."""
        return Sheet(self, FORBIDDEN_IN_NAMES.sub(" ", name)[:LONGEST_SHEET_NAME])

    def format_of(self, unit: Unit, *, is_bold: bool = False, is_input: bool = False) -> Any:
        """Return the cell format of a unit, the same object for the same wish."""
        key = (unit, is_bold, is_input)
        if key not in self.formats:
            look: dict[str, Any] = {"num_format": self.number_format(unit), "valign": "top"}
            look |= {"text_wrap": True} if unit == Unit.NONE else {}
            look |= {"bold": True, "top": 1} if is_bold else {}
            look |= self.input_format_fields if is_input else {}
            self.formats[key] = self.book.add_format(look)
        return self.formats[key]

    def number_format(self, unit: Unit) -> str:
        """Return the number format of a unit: money carries its currency, hours and percentages their sign."""
        # Some languages have a space before the sign.
        percent_sign = _("%(number)s%%") % {"number": ""}
        money = f'#,##0.00\\ "{self.currency}"' if self.currency else "#,##0.00"
        return {
            Unit.MONEY: money,
            Unit.HOURS: '#,##0.00\\ "h"',
            Unit.MINUTES: '#,##0.00\\ "min"',
            Unit.PERCENT: f'0.0"{percent_sign}"',
            Unit.COUNT: "#,##0",
            Unit.FACTOR: "0.0###",
        }.get(unit, "General")

    def define_name(self, name: str, cell: str) -> None:
        """Define a name that formulas may use for this cell, such as `'Assumptions'!$B$2`."""
        self.book.define_name(name, f"={cell}")

    def content(self) -> bytes:
        """Return the bytes of the finished file."""
        self.book.close()
        return self.file.getvalue()


class Sheet:
    """A sheet that is written from top to bottom; `at` is the number of the next line, from 0."""

    def __init__(self, book: Book, name: str) -> None:
        self.book, self.name, self.at = book, name, 0
        self.sheet = book.book.add_worksheet(name)
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)

    def widths(self, *widths: float) -> None:
        """Set the widths of the first columns, in characters."""
        for column, width in enumerate(widths):
            self.sheet.set_column(column, column, width)

    def skip(self) -> None:
        """Leave a line empty."""
        self.at += 1

    def title(self, words: str) -> None:
        """Write a title in large letters."""
        self.sheet.write_string(self.at, 0, writable(words), self.book.title_format)
        self.at += 1

    def line(self, *texts: str) -> None:
        """Write texts side by side."""
        self.row([(text, Unit.NONE) for text in texts])

    def header(self, titles: Sequence[str], *, is_frozen: bool = True) -> None:
        """Write the headings of columns; a frozen header stays in sight, and is repeated on every printed page."""
        for column, title in enumerate(titles):
            self.sheet.write_string(self.at, column, writable(title), self.book.header_format)
        self.at += 1
        if is_frozen:
            self.sheet.freeze_panes(self.at, 0)
            self.sheet.repeat_rows(self.at - 1)

    def row(self, cells: Sequence[tuple[object, Unit]], *, is_bold: bool = False) -> None:
        """Write a line of values, each in the format of its unit."""
        for column, (value, unit) in enumerate(cells):
            self.write(column, value, unit, is_bold=is_bold)
        self.at += 1

    def write(self, column: int, value: object, unit: Unit, *, is_bold: bool = False, is_input: bool = False) -> str:
        """Write one value into this line and return the address of its cell, such as `'Rows'!$B$2`."""
        look = self.book.format_of(unit, is_bold=is_bold, is_input=is_input)
        if value is None or value == "":
            self.sheet.write_blank(self.at, column, None, look)
        elif is_number(value) and abs(value) < EXACT_BELOW:
            self.sheet.write_number(self.at, column, value, look)
        else:
            words = (_("Yes") if value else _("No")) if isinstance(value, bool) else str(value)
            text = self.book.format_of(Unit.NONE, is_bold=is_bold, is_input=is_input)
            self.sheet.write_string(self.at, column, writable(words), text)
        return self.cell(column)

    def formula(
        self, column: int, formula: str, computed: float | None, value: object, unit: Unit, *, is_bold: bool = False
    ) -> str:
        """Write the formula with its computed value if that is the report's figure, else the figure; see `agrees`."""
        if not formula or computed is None or not agrees(computed, value):
            return self.write(column, value, unit, is_bold=is_bold)
        look = self.book.format_of(unit, is_bold=is_bold)
        self.sheet.write_formula(self.at, column, f"={formula}", look, computed)
        return self.cell(column)

    def figure(self, label: str, value: float, unit: Unit, formula: str = "", computed: float | None = None) -> str:
        """Write a label and its number, or the formula of it, and return the address of the number's cell."""
        self.write(0, label, Unit.NONE)
        cell = self.formula(1, formula, computed, value, unit)
        self.at += 1
        return cell

    def cell(self, column: int, row: int | None = None) -> str:
        """Return the absolute address of a cell in this line, or in another."""
        place = xl_rowcol_to_cell(self.at if row is None else row, column, row_abs=True, col_abs=True)
        return f"'{self.name.replace(chr(39), chr(39) * 2)}'!{place}"


def agrees(computed: float, value: object) -> bool:
    """Return True if the value is a number that differs from the computed one by rounding to cents at most."""
    return is_number(value) and abs(computed - value) <= max(0.006, 1e-9 * abs(computed))


def writable(text: str) -> str:
    """Return the text as a cell can hold it: cut to the most characters, without signs that XML cannot hold."""
    return UNWRITABLE.sub("\ufffd", str(text))[:LONGEST_TEXT]
