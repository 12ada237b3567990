"""Excel workbooks, decent and hostile."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from intake.spreadsheets.outside import read_rows
from intake.spreadsheets.sheet import Unreadable

Fill = Callable[[xlsxwriter.Workbook], object]


def saved(path: Path, fill: Fill) -> Path:
    with xlsxwriter.Workbook(str(path)) as workbook:
        fill(workbook)
    return path


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def with_member(path: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        members = {m: archive.read(m) for m in archive.namelist()}
    return zipped(path, {**members, name: change(members[name])})


def tasks(workbook: xlsxwriter.Workbook, count: int = 3) -> xlsxwriter.worksheet.Worksheet:
    sheet = workbook.add_worksheet()
    sheet.write_row(0, 0, ["Task", "Minutes"])
    for number in range(1, count + 1):
        sheet.write_row(number, 0, [f"Task {number}", number])
    return sheet


def test_the_first_sheet_with_a_header_is_read_wherever_its_table_begins(tmp_path: Path) -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        workbook.add_worksheet("Notes").write(0, 0, "Read me first")
        sheet = workbook.add_worksheet("March")
        sheet.write(0, 1, "Finance team")
        sheet.write_row(2, 1, ["Task", "Category", "Duration (h)"])
        sheet.write_row(3, 1, ["Pay", "Payables", 1.5])
        sheet.write_row(5, 1, [4711, "Bank", "soon"])

    ingested = read_rows(saved(tmp_path / "work.xlsx", fill))
    first, second = list(ingested)
    assert first == {"text": "Pay", "category": "Payables", "estimated_minutes": 90, "row": 4}
    assert second == {"text": "4711", "category": "Bank", "estimated_minutes": None, "row": 6}
    assert [(w.row, w.column) for w in ingested.warnings] == [(6, "Duration (h)")]


def test_durations_of_excel_are_minutes_whatever_unit_the_header_names(tmp_path: Path) -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["Task", "Hours"])
        for number, (value, shown) in enumerate(cells, start=1):
            sheet.write(number, 0, "Pay")
            sheet.write_number(number, 1, value, workbook.add_format({"num_format": shown}))

    cells = [(0.0625, "h:mm"), (1.5, "[h]:mm"), (1.5, "h:mm"), (70.25, "h:mm"), (1.5, "0.0")]
    rows = list(read_rows(saved(tmp_path / "work.xlsx", fill)))
    assert [r["estimated_minutes"] for r in rows] == [90, 2160, 2160, 101_160, 90]


@pytest.mark.parametrize("forged", [b"A1:B2", b"A1:XFD1048576"])
def test_a_forged_dimension_hides_no_row(tmp_path: Path, forged: bytes) -> None:
    path = saved(tmp_path / "work.xlsx", lambda workbook: tasks(workbook, 5000))
    forge = re.compile(rb'<dimension ref="[^"]*"')
    with_member(path, "xl/worksheets/sheet1.xml", lambda xml: forge.sub(b'<dimension ref="%s"' % forged, xml))
    assert len(list(read_rows(path))) == 5000


def test_a_cell_in_the_far_corner_ends_the_parser_and_not_us(tmp_path: Path) -> None:
    path = saved(tmp_path / "far.xlsx", lambda workbook: tasks(workbook).write(1_048_575, 16_383, "x"))
    with pytest.raises(Unreadable, match="delete stray cells"):
        list(read_rows(path))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = zipped(tmp_path / "bomb.xlsx", {"xl/workbook.xml": b""})
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/sharedStrings.xml", "w") as member,
    ):
        for _ in range(129):
            member.write(bytes(1 << 20))
    with pytest.raises(Unreadable, match="unpacks to 200 times its size"):
        read_rows(path)


def test_more_members_than_any_workbook_has_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "many.xlsx", {"xl/workbook.xml": b"", **{f"m{n}": b"" for n in range(10_001)}})
    with pytest.raises(Unreadable, match="more than 10,000 files"):
        read_rows(path)


def test_what_lies_about_its_size_meets_the_limit_on_memory(tmp_path: Path) -> None:
    path = zipped(tmp_path / "liar.xlsx", {"xl/workbook.xml": b"", "xl/media/x": bytes(1 << 20)})
    content = path.read_bytes().replace((1 << 20).to_bytes(4, "little"), (1).to_bytes(4, "little"))
    path.write_bytes(content)
    with pytest.raises(Unreadable):
        list(read_rows(path))


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    nested = b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 9))
    bomb = b'<!DOCTYPE l [<!ENTITY a0 "aaaaaaaaaa">' + nested + b"]><sst><si><t>&a8;</t></si></sst>"
    path = with_member(saved(tmp_path / "lol.xlsx", tasks), "xl/sharedStrings.xml", lambda _: bomb)
    with pytest.raises(Unreadable, match="save it again"):
        list(read_rows(path))


@pytest.mark.parametrize(
    ("content", "advice"), [(b"PK\x03\x04 no zip", "damaged workbook"), (b"\xd0\xcf\x11\xe0\xa1", "no Excel workbook")]
)
def test_what_only_looks_like_a_workbook_is_refused(tmp_path: Path, content: bytes, advice: str) -> None:
    path = tmp_path / "work.xlsx"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=advice):
        read_rows(path)


def test_another_office_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no Excel workbook"):
        read_rows(zipped(tmp_path / "letter.xlsx", {"word/document.xml": b"<w/>"}))


def test_a_workbook_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="needs a header row"):
        read_rows(saved(tmp_path / "blank.xlsx", lambda workbook: workbook.add_worksheet()))
