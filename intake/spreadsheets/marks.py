"""What the parser of workbooks leaves out: cells with an error, formulas without a result, units in number formats."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import IO, Any
from xml.parsers import expat

from intake.spreadsheets.columns import MOST_COLUMNS
from intake.spreadsheets.phrases import Phrase, gettext_noop
from intake.spreadsheets.sheet import BrokenCell, Dangerous, Unreadable

CHUNK_BYTES = 1 << 20
# Longer than any cell: what is left of a chunk is at most one cell.
LONGEST_CELL_XML = 1 << 18
MOST_MARKS = 200_000

CELL = re.compile(rb"<(?:\w+:)?c (?P<head>[^>]*?)(?:/>|>(?P<body>.*?)</(?:\w+:)?c>)", re.DOTALL)
POSITION = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row [^>]*\bhidden="(?:1|true)"')
STYLE = re.compile(rb'\bs="([0-9]{1,6})"')
SHEET = re.compile(r"<(?:\w+:)?sheet\s[^>]*?\br:id=\"([^\"]+)\"")
RELATION = re.compile(r"<Relationship\s[^>]*>")
FORMAT = re.compile(r'<(?:\w+:)?numFmt\s[^>]*?numFmtId="(\d+)"[^>]*?formatCode="([^"]*)"')
CELL_FORMATS = re.compile(r"<(?:\w+:)?cellXfs.*?</(?:\w+:)?cellXfs>", re.DOTALL)
CELL_FORMAT = re.compile(r"<(?:\w+:)?xf\s[^>]*?numFmtId=\"(\d+)\"")
# A number format that shows a unit after the number: `0.0" h"`, `0 "min"`.
UNIT_IN_FORMAT = re.compile(r"[0#?](?:\\[ _]|\s|_.)*(?:\"\s*([a-zA-Z]{1,8})\.?\s*\"|\\([hm]))")

FAILED_WITH = gettext_noop("The cell's formula failed (%(error)s): correct it, or type the value.")
AN_ERROR = Phrase(gettext_noop("an error"))
NO_RESULT = Phrase(gettext_noop("The cell holds a formula without a result: open the file in Excel and save it again."))
FAILED = Phrase(gettext_noop("The cell's formula failed or has no result: correct it, or type the value."))


@dataclass
class CellMarks:
    """The marked cells of one sheet: {row: {column: broken cell or unit}}, and merged cells where they are known."""

    cells: dict[int, dict[int, BrokenCell | str]] = field(default_factory=dict)
    merged: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    hidden_rows: int = 0


def marks_of_sheets(file: Any) -> dict[int, CellMarks]:
    """Return the marks of each sheet of an XLSX or ODS file by its index; none for other workbooks."""
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        if "content.xml" in names:
            return marks_of_document(archive)
        if "xl/workbook.xml" not in names:
            return {}
        units = units_of_styles(text_of(archive, "xl/styles.xml", names))
        return {
            index: marks_of_sheet(archive, member, units)
            for index, member in enumerate(sheet_members(archive, names))
            if member in names
        }


def text_of(archive: zipfile.ZipFile, member: str, names: set[str]) -> str:
    """Return a small part of the workbook as text; empty if it is missing or unusually large."""
    if member not in names or archive.getinfo(member).file_size > 8 * CHUNK_BYTES:
        return ""
    with archive.open(member) as file:
        return file.read(8 * CHUNK_BYTES).decode("utf-8", "replace")


def sheet_members(archive: zipfile.ZipFile, names: set[str]) -> list[str]:
    """Return the name of the part of each sheet, in the order of the workbook."""
    targets = {}
    for relation in RELATION.findall(text_of(archive, "xl/_rels/workbook.xml.rels", names)):
        keys = dict(re.findall(r'(?<!\w)(\w{1,40})="([^"]*)"', relation))
        targets[keys.get("Id", "")] = keys.get("Target", "").removeprefix("/").removeprefix("xl/")
    order = SHEET.findall(text_of(archive, "xl/workbook.xml", names))
    return [f"xl/{targets.get(name, '')}" for name in order]


def units_of_styles(styles: str) -> dict[int, str]:
    """Return the unit that each style of the workbook shows after its numbers, for the styles that show one."""
    shown = {}
    for number, code in FORMAT.findall(styles):
        code = unescape(code)
        if match := UNIT_IN_FORMAT.search(code):
            shown[number] = (match[1] or match[2]).lower()
    found = CELL_FORMATS.search(styles)
    formats = CELL_FORMAT.findall(found[0]) if found else []
    return {index: shown[number] for index, number in enumerate(formats) if number in shown}


def marks_of_sheet(archive: zipfile.ZipFile, member: str, units: dict[int, str]) -> CellMarks:
    """Return the marked cells of one sheet, reading its part as a stream."""
    marks, count = CellMarks(), 0
    with archive.open(member) as file:
        for head, body in cells_in(file, bool(units), marks):
            mark, position = mark_of(head, body, units), POSITION.search(head)
            if mark is None or position is None or count >= MOST_MARKS:
                continue
            column = column_index(position[1].decode())
            marks.cells.setdefault(int(position[2]) - 1, {})[column] = mark
            count += 1
    return marks


def cells_in(file: IO[bytes], with_styles: bool, marks: CellMarks) -> Iterator[tuple[bytes, bytes]]:
    """Yield the attributes and the content of the cells that may be marked: with a formula, error or style.

    Counts hidden rows on the way.
    """
    rest = b""
    while chunk := file.read(CHUNK_BYTES):
        text = rest + chunk
        end = text.rfind(b"</c>") + 4 if b"</c>" in text else 0
        ready, rest = text[:end], text[end:][-LONGEST_CELL_XML:]
        if b"hidden=" in ready:
            marks.hidden_rows += len(HIDDEN_ROW.findall(ready))
        if with_styles or b"<f" in ready or b't="e"' in ready:
            for match in CELL.finditer(ready):
                yield match["head"], match["body"] or b""


def mark_of(head: bytes, body: bytes, units: dict[int, str]) -> BrokenCell | str | None:
    """Return what is wrong with the cell, or the unit that its format shows; None for an ordinary cell."""
    if b't="e"' in head:
        value = re.search(rb"<v>([^<]{0,40})", body)
        shown = value[1].decode("utf-8", "replace") if value else AN_ERROR
        return BrokenCell(Phrase(FAILED_WITH, error=shown))
    if b"<f" in body and not re.search(rb"<v>[^<]|<is>", body):
        return BrokenCell(NO_RESULT)
    if units and (style := STYLE.search(head)):
        return units.get(int(style[1]))
    return None


def column_index(letters: str) -> int:
    """Return the index of a column, counted from 0, from its letters: `A` is 0."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def marks_of_document(archive: zipfile.ZipFile) -> dict[int, CellMarks]:
    """Return the merged and the broken cells of each sheet of an ODS file. Raises Unreadable if it is damaged."""
    document = Document()
    parser = expat.ParserCreate()
    parser.StartElementHandler = document.begin
    parser.EntityDeclHandler = document.refuse_entity
    try:
        with archive.open("content.xml") as file:
            parser.ParseFile(file)
    except expat.ExpatError as error:
        words = gettext_noop("The workbook is damaged (%(why)s): open it and save it again.")
        raise Unreadable(words, why=str(error)) from None
    return document.sheets


class Document:
    """The sheets of an ODS file, noted element by element: where each row and cell stands, and which are marked."""

    def __init__(self) -> None:
        self.sheets: dict[int, CellMarks] = {}
        self._row = self._next_row = self._next_column = self._count = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """Note the beginning of a sheet, a row or a cell."""
        if name == "table:table":
            self.sheets[len(self.sheets)] = CellMarks()
            self._next_row = 0
        elif name == "table:table-row":
            self._row, self._next_column = self._next_row, 0
            self._next_row += number_in(attributes, "table:number-rows-repeated")
        elif name in ("table:table-cell", "table:covered-table-cell") and self.sheets:
            column = self._next_column
            self._next_column += number_in(attributes, "table:number-columns-repeated")
            if column < MOST_COLUMNS:
                self._note(column, attributes)

    def _note(self, column: int, attributes: dict[str, str]) -> None:
        """Note the cell if it is merged over several rows, or if its formula failed."""
        marks = self.sheets[len(self.sheets) - 1]
        spanned = number_in(attributes, "table:number-rows-spanned")
        below = range(self._row + 1, self._row + spanned)
        failed = attributes.get("calcext:value-type") == "error" or (
            "table:formula" in attributes and attributes.get("office:string-value") == ""
        )
        if self._count + len(below) + failed > MOST_MARKS:
            return
        self._count += len(below) + failed
        marks.merged.update(dict.fromkeys(((row, column) for row in below), (self._row, column)))
        if failed:
            broken = BrokenCell(FAILED)
            marks.cells.setdefault(self._row, {})[column] = broken

    def refuse_entity(self, *_declaration: object) -> None:
        """Raise Unreadable: no office program declares entities, which can unfold without an end."""
        raise Dangerous(gettext_noop("The workbook declares XML entities: open it and save it again."))


def number_in(attributes: dict[str, str], name: str) -> int:
    """Return the attribute as a number from 1 to 2^20; 1 if it is missing or none."""
    text = attributes.get(name, "1")
    return min(max(int(text), 1), 1 << 20) if text.isdecimal() and len(text) < 9 else 1
