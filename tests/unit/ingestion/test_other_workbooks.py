"""Workbooks of the old Excel (XLS) and of LibreOffice (ODS)."""

import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlwt  # type: ignore[import-untyped]

from intake.spreadsheets.sheet import Unreadable
from tests.readings import read_path

NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text", "style")
)


def old_workbook(path: Path, rows: list[list[Any]], *, date_1904: bool = False) -> Path:
    """An XLS file; a cell (value, format) has a number format. A second sheet is hidden."""
    book = xlwt.Workbook()
    book.dates_1904 = date_1904
    sheet = book.add_sheet("Log")
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            value, shown = cell if isinstance(cell, tuple) else (cell, "General")
            sheet.write(row, column, value, xlwt.easyxf(num_format_str=shown))
    hidden = book.add_sheet("old")
    hidden.write(0, 0, "Task")
    hidden.write(0, 1, "Minutes")
    hidden.visibility = 1
    book.save(str(path))
    return path


def document(path: Path, *rows: str) -> Path:
    """An ODS file with one sheet of these rows, in its own XML."""
    body = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    content = (
        f'<?xml version="1.0"?><office:document-content {NAMES}><office:body><office:spreadsheet>'
        f'<table:table table:name="Log">{body}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("content.xml", content)
        archive.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{manifest}">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>',
        )
    return path


def text(value: str, more: str = "") -> str:
    return f'<table:table-cell office:value-type="string" {more}><text:p>{value}</text:p></table:table-cell>'


def elapsed(value: str) -> str:
    return (
        f'<table:table-cell office:value-type="time" office:time-value="{value}"><text:p>x</text:p></table:table-cell>'
    )


def number(value: float) -> str:
    return f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>x</text:p></table:table-cell>'


HEADER = text("Category") + text("Task") + text("Duration (min)")


@pytest.mark.parametrize("date_1904", [False, True])
def test_an_old_workbook_is_read_in_both_date_systems(tmp_path: Path, date_1904: bool) -> None:
    rows = [["Task", "Duration"], ["A", (1.5625, "[h]:mm")], ["B", (1.0, "h:mm")], ["C", (0.0625, "h:mm")]]
    read = read_path(old_workbook(tmp_path / "work.xls", rows, date_1904=date_1904))
    assert read.durations == [2250, 1440, 90]
    assert [(s["name"], s["read"]) for s in read.table.reading.sheets] == [("Log", True), ("old", False)]


def test_merged_cells_of_an_old_workbook_are_filled_down_and_failed_formulas_told(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Log")
    for column, header in enumerate(["Category", "Task", "Minutes"]):
        sheet.write(0, column, header)
    sheet.write_merge(1, 2, 0, 0, "Pay")
    for row, minutes in ((1, 30), (2, 15), (3, xlwt.Formula("1/0"))):
        sheet.write(row, 1, "A")
        sheet.write(row, 2, minutes)
    sheet.write(3, 0, "X")
    book.save(str(tmp_path / "work.xls"))
    read = read_path(tmp_path / "work.xls")
    assert read.breakdown == {"Pay": 45, "X": 0}
    assert "Row 4: without a duration" in read.messages


def test_a_document_of_libreoffice_is_read(tmp_path: Path) -> None:
    blank = '<table:table-cell table:number-columns-repeated="1024"/>'
    rows = [text("X") + text("A") + elapsed("PT36H30M00S"), text("X") + text("B") + number(15), blank]
    read = read_path(document(tmp_path / "work.ods", HEADER, *rows))
    assert (read.durations, read.warned_rows) == ([2190, 15], [2])


def test_merged_cells_and_failed_formulas_of_a_document_are_known(tmp_path: Path) -> None:
    covered = "<table:covered-table-cell/>"
    failed = '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value=""/>'
    rows = [text("Pay", 'table:number-rows-spanned="2"') + text("A") + number(30), covered + text("B") + number(15)]
    read = read_path(document(tmp_path / "work.ods", HEADER, *rows, text("X") + text("C") + failed))
    assert read.breakdown == {"Pay": 45, "X": 0}
    assert "Row 4" not in read.messages
    assert 4 in read.warned_rows


def test_entities_of_a_document_are_not_unfolded(tmp_path: Path) -> None:
    path = document(tmp_path / "work.ods", HEADER)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb">]>'
    members["content.xml"] = members["content.xml"].replace(b'<?xml version="1.0"?>', bomb)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(Unreadable, match="entities"):
        read_path(path)
