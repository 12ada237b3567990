"""Open an uploaded file for reading, unpacking a gzip file or a zip of one file on the way. Nothing nests."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from intake.spreadsheets.archives import ignored_parts, members_of, require_honest_parts, require_ratio
from intake.spreadsheets.phrases import Phrase, gettext_noop
from intake.spreadsheets.sheet import Unreadable

ZIP, GZIP, OLE, PDF = b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0", b"%PDF"
EMPTY_ZIP = b"PK\x05\x06"
# The first bytes of archives that are not unpacked at all.
OTHER_ARCHIVES = (b"7z\xbc\xaf\x27\x1c", b"Rar!", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"\x1f\x9d")
TAR, TAR_AT = b"ustar", 257
# A packed workbook is unpacked in memory, and the parser needs several times as much beside it.
MOST_PACKED_WORKBOOK_BYTES = 32 * 1024 * 1024
# What archive programs add by themselves.
BY_THE_WAY = ("__MACOSX/", ".DS_Store", "Thumbs.db")
WORKBOOK_FILES = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")
WORKBOOK_PARTS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml", "[Content_Types].xml", "mimetype")


# What names the macros inside an OLE file.
MACROS = "_VBA_PROJECT".encode("utf-16-le")
MACROS_LEFT_ALONE = Phrase(
    gettext_noop("The workbook has macros: they were left alone, and only the cells' stored values were read.")
)


class Source:
    """One uploaded file: how it is packed (`gzip`, `zip` or not at all), and the first bytes of what is inside."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.name
        self.packing, self._member = self._find_packing()
        self._packed_bytes = self.path.stat().st_size
        with self.open() as file:
            head = file.read(TAR_AT + len(TAR))
        self.start = head[:8]
        if head.startswith(OTHER_ARCHIVES) or head[TAR_AT:] == TAR:
            words = gettext_noop("%(file)s is an archive: send the table itself, plain or packed once as .zip or .gz.")
            raise Unreadable(words, file=self.name)
        if self.packing and self.start.startswith((ZIP, GZIP, EMPTY_ZIP)):
            self._require_workbook()

    def _find_packing(self) -> tuple[str, str]:
        """Return how the file is packed and, for a zip of one file, the name of this file. Raises Unreadable."""
        try:
            with self.path.open("rb") as file:
                start = file.read(4)
        except OSError as error:
            words = gettext_noop("%(file)s cannot be opened (%(why)s): check the path and the permissions.")
            raise Unreadable(words, file=self.name, why=error.strerror) from None
        if start.startswith(GZIP):
            return "gzip", ""
        if start not in (ZIP, EMPTY_ZIP):
            return "", ""
        members = self.members()
        if {member.filename for member in members} & set(WORKBOOK_PARTS):
            return "", ""
        return "zip", only_file(self.name, members)

    def members(self) -> list[zipfile.ZipInfo]:
        """Return the directory of the zip file. Raises Unreadable if it is damaged, encrypted, too large or hostile."""
        return members_of(self.name, self.path)

    def require_ratio(self, unpacked: int) -> None:
        """Raise Dangerous if the file is packed, and so many bytes of it are more than a table of work unpacks to."""
        if self.packing:
            require_ratio(self.name, self._packed_bytes, unpacked)

    def workbook(self) -> tuple[Any, list[Phrase]]:
        """Return the workbook as a file or a path, and notes on what in it is not read. Raises Unreadable."""
        file: Any = io.BytesIO(self.content()) if self.packing else str(self.path)
        if not self.start.startswith(ZIP):
            has_macros = MACROS in (file.getvalue() if self.packing else self.path.read_bytes())
            return file, [MACROS_LEFT_ALONE] if has_macros else []
        members = members_of(self.name, file)
        if not {member.filename for member in members} & set(WORKBOOK_FILES):
            words = gettext_noop("%(file)s is no Excel workbook: save the table as .xlsx or as CSV (UTF-8).")
            raise Unreadable(words, file=self.name)
        require_honest_parts(self.name, file)
        if self.packing:
            file.seek(0)
        return file, ignored_parts(members)

    def _require_workbook(self) -> None:
        """Raise Unreadable unless the packed file, itself a zip, is a workbook and no further archive."""
        inner: set[str] = set()
        if self.start.startswith(ZIP):
            inner = {member.filename for member in members_of(self.name, io.BytesIO(self.content()))}
        if not inner & set(WORKBOOK_PARTS):
            words = gettext_noop("%(file)s holds another archive: send the table itself, packed once or not at all.")
            raise Unreadable(words, file=self.name)

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
            words = gettext_noop("%(file)s is a damaged %(kind)s file: pack it again, or send it unpacked.")
            raise Unreadable(words, file=self.name, kind=kind) from None

    def content(self) -> bytes:
        """Return the unpacked content of a packed workbook. Raises Unreadable if it is too large for memory."""
        with self.open() as file:
            content = file.read(MOST_PACKED_WORKBOOK_BYTES + 1)
        self.require_ratio(len(content))
        if len(content) > MOST_PACKED_WORKBOOK_BYTES:
            words = gettext_noop("%(file)s is too large to be unpacked on the way: send the workbook itself.")
            raise Unreadable(words, file=self.name)
        return content


def only_file(name: str, members: list[zipfile.ZipInfo]) -> str:
    """Return the name of the one file in the archive. Raises Unreadable if there are none or several."""
    files = [m.filename for m in members if not m.is_dir() and not m.filename.startswith(BY_THE_WAY)]
    files = [file for file in files if not file.endswith(BY_THE_WAY)]
    if any(file.startswith(("word/", "ppt/")) for file in files):
        words = gettext_noop("%(file)s is no Excel workbook: save the table as .xlsx or as CSV (UTF-8).")
        raise Unreadable(words, file=name)
    if len(files) != 1:
        if not files:
            raise Unreadable(gettext_noop("%(file)s holds no file: send the one that has the table."), file=name)
        words = gettext_noop("%(file)s holds %(n)s files (%(names)s): send the one that has the table.")
        raise Unreadable(words, file=name, n=len(files), names=", ".join(sorted(files)[:5]))
    return files[0]
