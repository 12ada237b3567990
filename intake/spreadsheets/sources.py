"""Open an uploaded file for reading, unpacking a gzip file or a zip of one file on the way. Nothing nests."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from intake.spreadsheets.sheet import MOST_UNPACKED_BYTES, TOO_LARGE, Unreadable

ZIP, GZIP, OLE, PDF = b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0", b"%PDF"
EMPTY_ZIP = b"PK\x05\x06"
MOST_MEMBERS = 10_000
# A packed workbook is unpacked in memory, and the parser needs several times as much beside it.
MOST_PACKED_WORKBOOK_BYTES = 32 * 1024 * 1024
# What archive programs add by themselves.
BY_THE_WAY = ("__MACOSX/", ".DS_Store", "Thumbs.db")
WORKBOOK_PARTS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml", "[Content_Types].xml", "mimetype")


class Source:
    """One uploaded file: how it is packed (`gzip`, `zip` or not at all), and the first bytes of what is inside."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.name
        self.packing, self._member = self._find_packing()
        with self.open() as file:
            self.start = file.read(8)
        if self.packing and self.start.startswith((ZIP, GZIP)):
            self._require_workbook()

    def _find_packing(self) -> tuple[str, str]:
        """Return how the file is packed and, for a zip of one file, the name of this file. Raises Unreadable."""
        try:
            with self.path.open("rb") as file:
                start = file.read(4)
        except OSError as error:
            raise Unreadable(
                f"{self.path} cannot be opened ({error.strerror}): check the path and the permissions."
            ) from None
        if start.startswith(GZIP):
            return "gzip", ""
        if start not in (ZIP, EMPTY_ZIP):
            return "", ""
        members = self.members()
        if {member.filename for member in members} & set(WORKBOOK_PARTS):
            return "", ""
        return "zip", only_file(self.name, members)

    def members(self) -> list[zipfile.ZipInfo]:
        """Return the directory of the zip file. Raises Unreadable if it is damaged, encrypted or too large."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                members = archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            raise Unreadable(f"{self.name} is a damaged workbook: open it in Excel and save it again.") from None
        if any(member.flag_bits & 1 for member in members):
            raise Unreadable(f"{self.name} is encrypted: save it without a password.")
        if len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > MOST_UNPACKED_BYTES:
            raise Unreadable(TOO_LARGE.format(self.name))
        return members

    def _require_workbook(self) -> None:
        """Raise Unreadable unless the packed file, itself a zip, is a workbook and no further archive."""
        inner: set[str] = set()
        if self.start.startswith(ZIP):
            with zipfile.ZipFile(io.BytesIO(self.content())) as archive:
                inner = set(archive.namelist())
        if not inner & set(WORKBOOK_PARTS):
            raise Unreadable(f"{self.name} holds another archive: send the table itself, packed once or not at all.")

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the unpacked content. Raises Unreadable if the packed file turns out to be damaged."""
        try:
            if self.packing == "zip":
                with zipfile.ZipFile(self.path) as archive, archive.open(self._member) as member:
                    yield member
                return
            with self.path.open("rb") as file:
                yield gzip.GzipFile(fileobj=file) if self.packing else file  # type: ignore[misc]
        except (EOFError, gzip.BadGzipFile, zlib.error, zipfile.BadZipFile, NotImplementedError):
            kind = "zip" if self.packing == "zip" else "gzip"
            raise Unreadable(f"{self.name} is a damaged {kind} file: pack it again, or send it unpacked.") from None

    def content(self) -> bytes:
        """Return the unpacked content of a packed workbook. Raises Unreadable if it is too large for memory."""
        with self.open() as file:
            content = file.read(MOST_PACKED_WORKBOOK_BYTES + 1)
        if len(content) > MOST_PACKED_WORKBOOK_BYTES:
            raise Unreadable(f"{self.name} is too large to be unpacked on the way: send the workbook itself.")
        return content


def only_file(name: str, members: list[zipfile.ZipInfo]) -> str:
    """Return the name of the one file in the archive. Raises Unreadable if there are none or several."""
    files = [m.filename for m in members if not m.is_dir() and not m.filename.startswith(BY_THE_WAY)]
    files = [file for file in files if not file.endswith(BY_THE_WAY)]
    if any(file.startswith(("word/", "ppt/")) for file in files):
        raise Unreadable(f"{name} is no Excel workbook: save the table as .xlsx or as CSV (UTF-8).")
    if len(files) != 1:
        names = ", ".join(sorted(files)[:5])
        raise Unreadable(
            f"{name} holds {len(files)} files{f' ({names})' if names else ''}: send the one that has the table."
        )
    return files[0]
