"""Judge a zip archive, such as an XLSX or ODS workbook, by its directory before anything in it is unpacked.

A workbook is then unpacked once, in small steps and into nothing, because its parser trusts what the directory says.
"""

import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from intake.spreadsheets.phrases import Phrase, gettext_noop
from intake.spreadsheets.sheet import LIMITS, MOST_UNPACKED_BYTES, Dangerous, Unreadable, too_large

# Up to this size a content does no harm, whatever its ratio: a short table that repeats itself packs to a thousandth.
HARMLESS_BYTES = 8 << 20
STEP_BYTES = 1 << 20
# Where a declaration of a document type can stand: before the first element.
PROLOGUE_BYTES = 4096
# A PDF reader looks for its mark within the first kilobyte.
PDF_WITHIN_BYTES = 1024
LOCAL_HEADER_BYTES = 30
DAMAGES = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)
BOMB = gettext_noop("%(file)s unpacks to %(ratio)s times its size and more: send the table as CSV (UTF-8), not packed.")
LIES = gettext_noop("%(file)s does not hold what its directory says: open it and save it again, as .xlsx or CSV.")
TWO_IN_ONE = gettext_noop("%(file)s is two files in one: open it and save it again, as .xlsx or CSV.")
ENTITIES = gettext_noop("%(file)s declares XML entities, which no office program does: open it and save it again.")
LEFT_ALONE = gettext_noop(
    "The workbook has %(parts)s: they were left alone, and only the cells' stored values were read."
)
# Parts that are not read, by the beginning of their names, and what they are called.
IGNORED_PARTS = {
    Phrase(gettext_noop("macros")): ("xl/vbaProject", "xl/macrosheets/", "xl/dialogsheets/", "Basic/", "Scripts/"),
    Phrase(gettext_noop("links to other files")): ("xl/externalLinks/",),
    Phrase(gettext_noop("data connections")): ("xl/connections.xml", "xl/queryTables/"),
    Phrase(gettext_noop("embedded objects")): ("xl/embeddings/", "xl/activeX/", "Object ", "ObjectReplacements/"),
}


def members_of(name: str, file: Any) -> list[zipfile.ZipInfo]:
    """Return the directory of the zip file. Raises Unreadable if it is damaged, encrypted, too large or hostile.

    `file` is a path or an open file, `name` its owner's name for it.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            require_one_file(name, archive, members)
    except DAMAGES:
        words = gettext_noop("%(file)s is a damaged workbook: open it in Excel and save it again.")
        raise Unreadable(words, file=name) from None
    if any(member.flag_bits & 1 for member in members):
        raise Unreadable(gettext_noop("%(file)s is encrypted: save it without a password."), file=name)
    require_sizes(name, members)
    return members


def require_one_file(name: str, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Raise Dangerous if members share bytes, if anything stands before the first one, or if a PDF is in front.

    Overlapping members unpack the same bytes many times; with bytes in front, programs disagree on what the file is.
    """
    if len(members) > LIMITS.most_members:
        words = gettext_noop("%(file)s holds more than %(most)s files: send the table as CSV (UTF-8).")
        raise Dangerous(words, file=name, most=LIMITS.most_members)
    places = sorted((m.header_offset, m.header_offset + LOCAL_HEADER_BYTES + m.compress_size) for m in members)
    ends = [end for _start, end in places]
    if any(start < end for (start, _end), end in zip(places[1:], ends, strict=False)):
        raise Dangerous(LIES, file=name)
    file: Any = archive.fp
    file.seek(0)
    if (places and places[0][0] > 0) or b"%PDF-" in file.read(PDF_WITHIN_BYTES):
        raise Dangerous(TWO_IN_ONE, file=name)


def require_sizes(name: str, members: list[zipfile.ZipInfo]) -> None:
    """Raise Dangerous if the members say that they unpack like a bomb, Unreadable if they are too large together."""
    packed, unpacked = sum(m.compress_size for m in members), sum(m.file_size for m in members)
    require_ratio(name, packed, unpacked)
    if unpacked > MOST_UNPACKED_BYTES:
        raise too_large(name)


def require_ratio(name: str, packed: int, unpacked: int) -> None:
    """Raise Dangerous if more is unpacked for each packed byte than in any table of people's work."""
    if unpacked > HARMLESS_BYTES and unpacked > LIMITS.most_ratio * max(packed, 1):
        raise Dangerous(BOMB, file=name, ratio=LIMITS.most_ratio)


def require_honest_parts(name: str, file: Any) -> None:
    """Unpack each part of a workbook once, and keep nothing. Raises Dangerous or Unreadable.

    A part must have the size that the directory says, since the parser unpacks without counting, and declare no
    entities, which can unfold without an end.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                require_honest_part(name, archive, member)
    except DAMAGES:
        words = gettext_noop("%(file)s is a damaged workbook: open it in Excel and save it again.")
        raise Unreadable(words, file=name) from None


def require_honest_part(name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Raise Dangerous if the part is larger than the directory says, or declares a document type."""
    claimed, size = member.file_size, 0
    # Without this, the reader would stop at the size that the directory says, and nobody would see the rest.
    member.file_size = MOST_UNPACKED_BYTES
    try:
        for chunk in unpacked_chunks(archive, member):
            if not size and declares_type(chunk[:PROLOGUE_BYTES]):
                raise Dangerous(ENTITIES, file=name)
            size += len(chunk)
            if size > claimed:
                raise Dangerous(LIES, file=name)
    finally:
        member.file_size = claimed


def unpacked_chunks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the unpacked content of the member in steps."""
    with archive.open(member) as file:
        while chunk := file.read(STEP_BYTES):
            yield chunk


def declares_type(prologue: bytes) -> bool:
    """Return True if an XML document begins with a declaration of its type, in UTF-8 or UTF-16."""
    plain = prologue.replace(b"\0", b"")
    return b"<!DOCTYPE" in plain or b"<!ENTITY" in plain


def ignored_parts(members: list[zipfile.ZipInfo]) -> list[Phrase]:
    """Return a note on what the workbook holds beside its cells; none of it is opened, followed or run."""
    names = [member.filename for member in members]
    found = [words for words, parts in IGNORED_PARTS.items() if any(name.startswith(parts) for name in names)]
    if not found:
        return []
    return [Phrase(LEFT_ALONE, parts=found)]
