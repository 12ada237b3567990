"""Read delimited text (CSV) as a stream: find its encoding and delimiter, survive broken lines."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from intake.spreadsheets import encodings
from intake.spreadsheets.columns import named_roles
from intake.spreadsheets.phrases import Phrase, gettext_noop
from intake.spreadsheets.sheet import (
    LONGEST_CELL,
    MOST_UNPACKED_BYTES,
    Line,
    Sheet,
    Unreadable,
    too_large,
)
from intake.spreadsheets.sources import Source

# If two delimiters fit equally well, the first one here is used: a comma is more often part of a text.
DELIMITERS = "\t;|,^~\x1f\x01"
DELIMITER_SAMPLE_LINES = 50
CHUNK_BYTES = 1 << 18
# A record of more characters than this has an opening quotation mark that is never closed.
LONGEST_RECORD = 1 << 17
# Excel's own first line, which only names the delimiter.
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)

DAMAGED_LETTERS = Phrase(
    gettext_noop("Some letters are damaged: they are not in the encoding (UTF-8) of the rest of the file.")
)
UNCERTAIN_ENCODING = gettext_noop("The encoding is not certain: letters beyond a to z were read as %(encoding)s.")
BROKEN_LINE = gettext_noop("The line cannot be read: %(why)s.")
# What Python's parser says about a broken record.
UNEXPECTED_END = Phrase(gettext_noop("unexpected end of data"))


def open_delimited(source: Source, text: "Text | None" = None) -> Sheet:
    """Return the one sheet of a delimited text, whose encoding may be known already. Raises Unreadable."""
    text = text or Text(source)
    with text.open() as lines:
        head = list(islice(lines.new_lines(), DELIMITER_SAMPLE_LINES))
    hint = SEPARATOR_LINE.fullmatch(head[0]) if head else None
    delimiter = hint[1] if hint else delimiter_of(head)

    def read() -> Iterator[Line]:
        with text.open() as lines:
            records = lines_of(lines, delimiter)
            yield from islice(records, 1 if hint else 0, None)

    return Sheet(read, delimiter=delimiter, notes=text.notes)


class Text:
    """A delimited text with its encoding; `notes` says what was unclear about it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.notes: list[Phrase] = []
        self.errors = "replace"
        self.encoding = self._find_encoding()

    def open(self) -> "PhysicalLines":
        """Return the lines of the text from its beginning, to be used in a `with` block."""
        return PhysicalLines(self._source, self.encoding, self.errors)

    def _find_encoding(self) -> str:
        """Return the file's encoding: UTF-8 if the whole file is valid UTF-8, else the most likely other one.

        Raises Unreadable if the file is empty, too large or not text.
        """
        utf8, size, head, beyond = codecs.getincrementaldecoder("utf-8")("strict"), 0, b"", bytearray()
        is_utf8, has_nul = True, False
        with self._source.open() as file:
            while chunk := file.read(CHUNK_BYTES):
                size, head = size + len(chunk), head or chunk[: encodings.SAMPLE_BYTES]
                if size > MOST_UNPACKED_BYTES:
                    raise too_large(self._source.name)
                self._source.require_ratio(size)
                has_nul = has_nul or b"\0" in chunk
                is_utf8 = is_utf8 and can_decode(utf8, chunk)
                if not is_utf8 and len(beyond) < encodings.SAMPLE_BYTES:
                    beyond += b"\n".join(line for line in chunk.splitlines() if not line.isascii())[
                        : encodings.SAMPLE_BYTES
                    ]
        if size == 0:
            words = gettext_noop("%(file)s is empty: it needs a header row and rows below it.")
            raise Unreadable(words, file=self._source.name)
        if head.startswith(encodings.UTF_16_MARKS):
            return "utf-16"
        if has_nul:
            return self._utf_16(head)
        is_utf8 = is_utf8 and can_decode(utf8, b"", final=True)
        return "utf-8-sig" if is_utf8 else self._old_encoding(bytes(beyond))

    def _utf_16(self, head: bytes) -> str:
        """Return the UTF-16 of a text without a mark. Raises Unreadable if NUL bytes mean that it is no text."""
        if encoding := encodings.utf_16_without_mark(head):
            return encoding
        words = gettext_noop("%(file)s is not text: save it as CSV (UTF-8) or as an Excel workbook (.xlsx).")
        raise Unreadable(words, file=self._source.name)

    def _old_encoding(self, sample: bytes) -> str:
        """Return the encoding of a text that is not valid UTF-8, and note what is uncertain. Raises Unreadable."""
        if encodings.is_mostly_utf8(sample):
            self.errors = "interlock.cp1252"
            self.notes.append(DAMAGED_LETTERS)
            return "utf-8-sig"
        found = encodings.likeliest_encoding(sample[: encodings.SAMPLE_BYTES // 4])
        if found is None:
            words = gettext_noop("The encoding of %(file)s cannot be recognised: save the file as CSV (UTF-8).")
            raise Unreadable(words, file=self._source.name)
        encoding, is_certain = found
        if not is_certain:
            self.notes.append(Phrase(UNCERTAIN_ENCODING, encoding=encoding))
        return encoding


def can_decode(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    """Return True if the chunk, read after all earlier ones, is valid in the decoder's encoding."""
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


class PhysicalLines:
    """The lines of a text. It remembers the lines of the current CSV record, for use in a `with` block.

    A record may span several lines. If it is broken, only its first line is lost: the others are read again.
    """

    def __init__(self, source: Source, encoding: str, errors: str) -> None:
        self._opened = source.open()
        self._encoding, self._errors = encoding, errors
        self._waiting: list[str] = []
        self._record: list[str] = []
        self._length = 0

    def __enter__(self) -> "PhysicalLines":
        file = self._opened.__enter__()
        self._text = io.TextIOWrapper(file, encoding=self._encoding, errors=self._errors, newline="")
        if (mark := self._text.read(1)) != "\ufeff":
            self._waiting.append(mark + self.next_line() if mark not in ("\n", "\r", "") else mark)
        return self

    def __exit__(self, *raised: object) -> None:
        self._opened.__exit__(*raised)  # type: ignore[arg-type]

    def new_lines(self) -> Iterator[str]:
        """Yield lines without remembering them; each of bounded length."""
        while line := self.next_line():
            yield line

    def next_line(self) -> str:
        """Return the next line, empty after the last; of one that is too long, the first LONGEST_RECORD + 1 signs."""
        if self._waiting:
            return self._waiting.pop()
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
        line = self.next_line()
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
    number, read = 0, source.next_line
    while line := read():
        number += 1
        if '"' in line or len(line) > LONGEST_CELL:
            source.put_back([line])
            yield quoted_record(source, delimiter, number)
        else:
            # Without a quotation mark a line is a record, and needs no parser.
            yield Line(number, line.rstrip("\r\n").split(delimiter))  # type: ignore[arg-type]


def fault_of(error: csv.Error) -> str:
    """Return what is wrong with a record; where it can be translated, as a phrase."""
    return UNEXPECTED_END if str(error) == UNEXPECTED_END else str(error)


def quoted_record(source: PhysicalLines, delimiter: str, number: int) -> Line:
    """Return the next record, which may span several lines; one that cannot be read is a line with a fault."""
    try:
        cells = next(csv.reader(source, delimiter=delimiter, strict=True))
        line = Line(number, [cell[:LONGEST_CELL] for cell in cells])
    except StopIteration:
        line = Line(number, [])
    except csv.Error as error:
        source.keep_first_line_only()
        line = Line(number, [], Phrase(BROKEN_LINE, why=fault_of(error)))
    source.begin_record()
    return line


def delimiter_of(head: list[str]) -> str:
    """Return the delimiter under which the first lines name the most columns, or else split most evenly."""
    return max(DELIMITERS, key=lambda delimiter: fitness(head, delimiter)) if head else ","


def fitness(head: list[str], delimiter: str) -> tuple[int, int, int]:
    """Return (roles named by the best header, records of its width, width); zeros if no record has two cells."""
    records: list[list[str]] = []
    with suppress(csv.Error):
        records.extend(filter(None, csv.reader(head, delimiter=delimiter)))
    records = [record for record in records if len(record) > 1]
    if not records:
        return (0, 0, 0)
    widths = Counter(map(len, records))
    named = {n: len(named_roles(records[n])) for n in range(min(20, len(records)))}
    best = max(named, key=lambda n: (named[n], widths[len(records[n])], -n))
    return (named[best], widths[len(records[best])], len(records[best]))
