"""Hostile files, each made when it is asked for: the repository holds none of them."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

import xlsxwriter

CSV = b"Task,Duration (min)\nPay,5\nPost,7\n"
MB = 1 << 20
DOCTYPE = '<!DOCTYPE a [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@dataclass(frozen=True)
class Hostile:
    """A file, the reason for which it is refused as a pattern, and whether it goes into quarantine."""

    name: str
    make: Callable[[], bytes]
    reason: str
    is_dangerous: bool = False

    def __str__(self) -> str:
        return self.name


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip file with these members."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return content.getvalue()


def workbook(sheets: int = 1, formula: str = "") -> bytes:
    """An Excel workbook with two tasks on each sheet."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        for number in range(sheets):
            sheet = book.add_worksheet(f"Sheet {number}")
            for row, cells in enumerate([("Task", "Minutes"), ("Pay", 5), ("Post", 7)]):
                sheet.write_row(row, 0, cells)
            if formula:
                sheet.write_formula("A4", formula, None, "Call")
                sheet.write("B4", 9)
    return content.getvalue()


def workbook_with(parts: dict[str, bytes]) -> bytes:
    """The workbook with further parts, or with other ones of the same name."""
    with zipfile.ZipFile(io.BytesIO(workbook())) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return zipped(members | parts)


def document(content: str) -> bytes:
    """An ODS file with this content."""
    return zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": content.encode()})


def overlapping(copies: int = 50) -> bytes:
    """A workbook whose directory names the same bytes many times, as in David Fifield's bombs."""
    content = workbook_with({"xl/media/large.bin": b"0" * MB})
    end = content.rindex(b"PK\x05\x06")
    size, start = struct.unpack("<II", content[end + 12 : end + 20])
    directory = content[start : start + size]
    last = directory[directory.rindex(b"PK\x01\x02") :]
    count = struct.unpack("<H", content[end + 10 : end + 12])[0] + copies
    directory += last * copies
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(directory), start, 0)
    return content[:start] + directory + tail


def understated() -> bytes:
    """A workbook with a part that is much larger than the directory and its own header say."""
    content = bytearray(workbook_with({"xl/media/large.bin": b"0" * (3 * MB)}))
    for at in positions(bytes(content), struct.pack("<I", 3 * MB)):
        content[at : at + 4] = struct.pack("<I", 10)
    return bytes(content)


def positions(content: bytes, wanted: bytes) -> list[int]:
    """Where the bytes stand."""
    found, at = [], content.find(wanted)
    while at >= 0:
        found.append(at)
        at = content.find(wanted, at + 1)
    return found


def encrypted_zip() -> bytes:
    """A workbook whose members are marked as encrypted."""
    content = bytearray(workbook())
    for at in positions(bytes(content), b"PK\x01\x02"):
        content[at + 8] |= 1
    return bytes(content)


def far_corner() -> bytes:
    """A workbook whose only cell beside the table stands in the last row of the last column."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate([("Task", "Minutes"), ("Pay", 5)]):
            sheet.write_row(row, 0, cells)
        sheet.write("XFD1048576", 1)
    return content.getvalue()


def growing(rows: int = 24, columns: int = 1024) -> bytes:
    """A small workbook whose every cell is the same string of 32,767 signs."""
    line = "".join(f'<c r="{letters(n)}{{row}}" t="s"><v>0</v></c>' for n in range(columns))
    sheet = "".join(f'<row r="{n}">{line.replace("{row}", str(n))}</row>' for n in range(1, rows + 1))
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    strings = f'<sst xmlns="{main}"><si><t>{"a" * 32_767}</t></si></sst>'
    cells = f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>'
    return workbook_with({"xl/sharedStrings.xml": strings.encode(), "xl/worksheets/sheet1.xml": cells.encode()})


def letters(index: int) -> str:
    """The name of a column, counted from 0."""
    return (letters(index // 26 - 1) if index >= 26 else "") + chr(65 + index % 26)


def as_large_as_allowed() -> bytes:
    """A packed table that is nothing but large: it takes a reader as long as any that is not refused."""
    lines = (b"Match payment %d of the month,Receivables,%d\n" % (n, n % 90) for n in range(600_000))
    return gzip.compress(b"Task,Category,Duration (min)\n" + b"".join(lines), 1)


def tarred() -> bytes:
    """A tar archive with the table."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        member = tarfile.TarInfo("team.csv")
        member.size = len(CSV)
        archive.addfile(member, io.BytesIO(CSV))
    return content.getvalue()


def with_entities(encoding: str = "utf-8") -> bytes:
    """A workbook whose strings are declared as entities that unfold."""
    text = f'<?xml version="1.0" encoding="{encoding}"?>{DOCTYPE}<sst><si><t>&b;</t></si></sst>'
    return workbook_with({"xl/sharedStrings.xml": text.encode(encoding)})


NESTED, ARCHIVE = "holds another archive", "is an archive: send the table itself"
LIES, TWO = "does not hold what its directory says", "is two files in one"
BOMB = "unpacks to 200 times its size"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

CORPUS = [
    Hostile("zip in zip", lambda: zipped({"a.zip": zipped({"team.csv": CSV})}), NESTED),
    Hostile("gz of zip", lambda: gzip.compress(zipped({"team.csv": CSV})), NESTED),
    Hostile("zip of gz", lambda: zipped({"team.csv.gz": gzip.compress(CSV)}), NESTED),
    Hostile("gz of gz of gz", lambda: gzip.compress(gzip.compress(gzip.compress(CSV))), NESTED),
    Hostile("empty zip in zip", lambda: zipped({"a.zip": zipped({})}), NESTED),
    Hostile("workbooks in a zip", lambda: zipped({"a.xlsx": workbook(), "b.xlsx": workbook()}), "holds 2 files"),
    Hostile("bz2", lambda: bz2.compress(CSV), ARCHIVE),
    Hostile("xz in zip", lambda: zipped({"a.xz": lzma.compress(CSV)}), ARCHIVE),
    Hostile("7z", lambda: b"7z\xbc\xaf\x27\x1c" + bytes(100), ARCHIVE),
    Hostile("rar in gz", lambda: gzip.compress(b"Rar!\x1a\x07\x01\x00" + bytes(100)), ARCHIVE),
    Hostile("zst", lambda: b"\x28\xb5\x2f\xfd" + bytes(100), ARCHIVE),
    Hostile("tar", tarred, ARCHIVE),
    Hostile("tar.gz", lambda: gzip.compress(tarred()), ARCHIVE),
    Hostile("bomb in gz", lambda: gzip.compress(CSV) + gzip.compress(b"0" * MB) * 100, BOMB, True),
    Hostile("bomb in zip", lambda: zipped({"team.csv": CSV + b"0" * 100 * MB}), BOMB, True),
    Hostile("bomb in xlsx", lambda: workbook_with({"xl/media/a.bin": bytes(100 * MB)}), BOMB, True),
    Hostile("xlsx bomb in gz", lambda: gzip.compress(workbook_with({"xl/a": bytes(100 * MB)})), BOMB, True),
    Hostile("xlsx bomb in zip", lambda: zipped({"a.xlsx": workbook_with({"xl/a": bytes(100 * MB)})}), BOMB, True),
    Hostile("bomb of bombs", lambda: gzip.compress(gzip.compress(bytes(16 * MB), 1) * 64, 1), NESTED),
    Hostile("overlapping members", overlapping, LIES, True),
    Hostile("overlapping members in a zip", lambda: zipped({"a.xlsx": overlapping()}), LIES, True),
    Hostile("understated size", understated, LIES, True),
    Hostile("too many members", lambda: workbook_with({f"xl/{n}": b"" for n in range(10_001)}), "more than 10,", True),
    Hostile("entities", with_entities, "declares XML entities", True),
    Hostile("entities in UTF-16", lambda: with_entities("utf-16"), "declares XML entities", True),
    Hostile("entities in ODS", lambda: document(f"{DOCTYPE}<a>&b;</a>"), "declares XML entities", True),
    Hostile("a cell in the far corner", far_corner, "delete stray cells far below or beside the table"),
    Hostile("too many sheets", lambda: workbook(sheets=257), "has 257 sheets, and may have 256"),
    Hostile("encrypted workbook", lambda: OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "is encrypted"),
    Hostile("encrypted members", encrypted_zip, "is encrypted: save it without a password"),
    Hostile("PDF", lambda: b"%PDF-1.7\n" + CSV, "is a PDF"),
    Hostile("PDF with a zip behind", lambda: b"%PDF-1.7\n" + workbook(), "is a PDF"),
    Hostile("zip with something in front", lambda: b"PK\x03\x04 MZ " + workbook(), TWO, True),
    Hostile("zip with a PDF in front", lambda: zipped({"%PDF-1.7": b"", "xl/workbook.xml": b"<a/>"}), TWO, True),
    Hostile("program", lambda: b"MZ\x90\x00" + bytes(500), "is not text"),
    Hostile("cut workbook", lambda: workbook()[:3000], "is a damaged workbook"),
    Hostile("cut gz", lambda: gzip.compress(CSV * 100)[:-20], "is a damaged gzip file"),
]
