"""Read delimited text (CSV), plain or gzipped, as a stream: find its encoding and delimiter, survive broken lines."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

import charset_normalizer

from intake.spreadsheets.sheet import LONGEST_CELL, MOST_UNPACKED_BYTES, TOO_LARGE, Cell, Line, Sheet, Unreadable

# If two delimiters fit equally well, the first one here is used: a comma is more often part of a text.
DELIMITERS = "\t;|,"
DELIMITER_SAMPLE_LINES = 30
CHUNK_BYTES = 1 << 18
ENCODING_SAMPLE_BYTES = 1 << 16
# The encodings that office software writes when it does not write UTF-8.
ENCODINGS = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "mac_roman", "shift_jis", "gb18030", "euc_kr"]
# A record of more characters than this has an opening quotation mark that is never closed.
LONGEST_RECORD = 1 << 17

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def open_delimited(path: Path) -> Generator[Sheet]:
    """Yield the one sheet of a delimited text. Raises Unreadable."""
    encoding = encoding_of(path)
    with open_unpacked(path) as file:
        text = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")
        source = PhysicalLines(text)
        head = [line.removeprefix("\ufeff") for line in islice(source.new_lines(), DELIMITER_SAMPLE_LINES)]
        source.put_back(head)
        delimiter = delimiter_of(head)
        yield Sheet(lines_of(source, delimiter), delimiter)


@contextmanager
def open_unpacked(path: Path) -> Iterator[gzip.GzipFile | io.BufferedReader]:
    """Open the file for reading bytes, unpacking it if it is gzipped. Raises Unreadable for a damaged gzip file."""
    with path.open("rb") as file:
        packed = file.peek(2)[:2] == b"\x1f\x8b"
        try:
            yield gzip.GzipFile(fileobj=file) if packed else file
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise Unreadable(f"{path.name} is a damaged gzip file: pack it again, or send it unpacked.") from None


def encoding_of(path: Path) -> str:
    """Return the name of the file's encoding: UTF-8 if the whole file is valid UTF-8, else the most likely old one.

    Raises Unreadable if the file is empty, too large or not text.
    """
    utf8, size, sample = codecs.getincrementaldecoder("utf-8")("strict"), 0, b""
    head, is_utf8 = b"", True
    with open_unpacked(path) as file:
        while chunk := file.read(CHUNK_BYTES):
            size, head = size + len(chunk), head or chunk[:ENCODING_SAMPLE_BYTES]
            require_text(path, size, head, chunk)
            if is_utf8 and not can_decode(utf8, chunk):
                is_utf8, sample = False, head + chunk
    if size == 0:
        raise Unreadable(f"{path.name} is empty: it needs a header row and rows below it.")
    if head.startswith(UTF_16):
        return "utf-16"
    return "utf-8-sig" if is_utf8 else likeliest_encoding(path, sample)


def require_text(path: Path, size: int, head: bytes, chunk: bytes) -> None:
    """Raise Unreadable if `size` bytes are too many, or if the chunk holds NUL bytes, which text does not have."""
    if size > MOST_UNPACKED_BYTES:
        raise Unreadable(TOO_LARGE.format(path.name))
    if b"\0" in chunk and not head.startswith(UTF_16):
        raise Unreadable(f"{path.name} is not text: save it as CSV (UTF-8) or as an Excel workbook (.xlsx).")


def can_decode(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    """Return True if the chunk, read after all earlier ones, is valid in the decoder's encoding."""
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def likeliest_encoding(path: Path, sample: bytes) -> str:
    """Return the encoding that fits the sample best. Raises Unreadable if none fits."""
    best = charset_normalizer.from_bytes(sample, cp_isolation=ENCODINGS).best()
    if best is None:
        raise Unreadable(f"The encoding of {path.name} cannot be recognised: save the file as CSV (UTF-8).")
    return best.encoding


class PhysicalLines:
    """An iterator over the lines of a text that remembers the lines of the current CSV record.

    A record may span several lines. If it is broken, only its first line is lost: the others are read again.
    """

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text, self._waiting = text, list[str]()
        self._record: list[str] = []
        self._length = 0

    def new_lines(self) -> Iterator[str]:
        """Yield lines from the file, without lines put back and without remembering them; each of bounded length."""
        while line := self._read():
            yield line

    def _read(self) -> str:
        """Return the next line of the file; of a line that is too long, only the first LONGEST_RECORD + 1 signs."""
        line = part = self._text.readline(LONGEST_RECORD + 1)
        while len(part) > LONGEST_RECORD and not part.endswith(("\n", "\r")):
            part = self._text.readline(LONGEST_RECORD + 1)
        return line

    def put_back(self, lines: list[str]) -> None:
        """Make these the next lines that the iterator returns."""
        self._waiting.extend(reversed(lines))

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.pop() if self._waiting else self._read()
        if not line:
            raise StopIteration
        self._record.append(line)
        self._length += len(line)
        if self._length > LONGEST_RECORD:
            raise csv.Error("a quotation mark is opened and never closed, or the line is too long")
        return line

    def begin_record(self) -> None:
        """Forget the lines remembered so far: they belong to a record that was read completely."""
        self._record, self._length = [], 0

    def keep_first_line_only(self) -> None:
        """Put back all but the first line of the current record, so that they are read again as new records."""
        self.put_back(self._record[1:])
        self.begin_record()


def lines_of(source: PhysicalLines, delimiter: str) -> Iterator[Line]:
    """Yield each record as a numbered line; a record that cannot be read becomes one line with a fault."""
    records = csv.reader(source, delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells: list[Cell] = [cell.strip()[:LONGEST_CELL] for cell in next(records)]
            line = Line(number, cells)
        except StopIteration:
            return
        except csv.Error as error:
            source.keep_first_line_only()
            line = Line(number, [], f"The line cannot be read: {error}.")
        source.begin_record()
        yield line


def delimiter_of(head: list[str]) -> str:
    """Return the delimiter that splits the first lines most evenly; a comma if there are no lines."""
    return max(DELIMITERS, key=lambda delimiter: evenness(head, delimiter)) if head else ","


def evenness(head: list[str], delimiter: str) -> tuple[int, int]:
    """Return (number of records with as many cells as the first one, that number of cells); (0, 0) for one cell."""
    widths = []
    with suppress(csv.Error):
        for record in filter(None, csv.reader(head, delimiter=delimiter)):
            widths.append(len(record))
    width = widths[0] if widths else 0
    return (widths.count(width), width) if width > 1 else (0, 0)
