"""Cut a delimited text into blocks of whole lines, and each block into columns, exactly as the careful reader would.

polars splits the lines. It is given only blocks of which the careful reader (`delimited.py`) would certainly make the
same cells: no quotation marks but around whole cells, no line ends within a cell, in each line as many cells as in the
header, no cell that would be cut. Anything else raises NotClean, and the careful reader reads the file.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import polars as pl

from intake.spreadsheets.delimited import LONGEST_RECORD, Text
from intake.spreadsheets.sheet import LONGEST_CELL
from intake.spreadsheets.sources import Source

# Enough for the work on a block to outweigh its overhead; the memory of the engine is a few times this.
BLOCK_BYTES = 1 << 22
MARK = b"\xef\xbb\xbf"
# All bytes but those of control characters.
USUAL = bytes([9, 10, 13, *range(32, 127), *range(128, 256)])
# Two code points that the careful reader takes out of texts.
NO_CHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
# A quoted cell within one line, with what stands around it.
QUOTED = rb'(?:(?<=%(end)s)|(?<=\n)|\A)"(?:[^"\r\n]++|"")*+"(?=%(end)s|\r?\n|\r?\Z)'


T = TypeVar("T")
S = TypeVar("S")


class NotClean(Exception):
    """The file, or what stands in it, needs the careful reader; the message says why."""


def lines_in_blocks(source: Source, text: Text, skipped: int) -> Iterator[bytes]:
    """Yield the lines of the text in UTF-8, in blocks of whole lines, without the first `skipped` lines."""
    with source.open() as file:
        if text.encoding == "utf-8-sig" and text.errors == "replace":
            read: Callable[[int], bytes] = file.read
        else:
            decoded = io.TextIOWrapper(file, encoding=text.encoding, errors=text.errors, newline="")

            def read(size: int) -> bytes:
                return decoded.read(size // 2).encode()

        for number, block in enumerate(whole_lines(read)):
            yield without_lines(block, skipped) if number == 0 else block


def whole_lines(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield what `read` returns, each block up to the end of a line. Raises NotClean at a very long line."""
    rest = b""
    while chunk := read(BLOCK_BYTES):
        end = chunk.rfind(b"\n") + 1
        if not end and len(rest) > LONGEST_RECORD:
            raise NotClean("a line is very long")
        if end:
            yield rest + chunk[:end]
            rest = b""
        rest += chunk[end:]
    if rest:
        yield rest


def without_lines(block: bytes, count: int) -> bytes:
    """Return the block without the mark of its encoding and its first lines. Raises NotClean if they are not there."""
    start = len(MARK) if block.startswith(MARK) else 0
    for _ in range(count):
        line_end = block.find(b"\n", start)
        if line_end < 0:
            raise NotClean("the header is in no line of its own")
        if block.count(b'"', start, line_end) % 2:
            raise NotClean("a record above the rows spans several lines")
        start = line_end + 1
    return block[start:]


def columns_of(block: bytes, width: int, delimiter: str) -> pl.DataFrame:
    """Return the cells of a block of lines as columns of texts, named by their place. Raises NotClean."""
    end, bare = delimiter.encode(), block
    if b'"' in block:
        bare = re.sub(QUOTED % {b"end": re.escape(end)}, b"", block)
        require(b'"' not in bare, "quotation marks within cells")
        require(not block.translate(None, USUAL + end), "control characters")
    marks = bare.translate(None, USUAL.replace(end, b"").replace(b"\r", b"").replace(b"\n", b""))
    ends, lines, cells = marks.count(b"\r"), marks.count(b"\n"), marks.count(end)
    require(len(marks) == ends + lines + cells, "control characters")
    require(not ends or ends == block.count(b"\r\n"), "other line ends")
    lines += not block.endswith(b"\n")
    require(cells == lines * (width - 1), "lines with fewer or more cells than the header")
    require(block.isascii() or not any(sign in block for sign in NO_CHARACTERS), "code points that are no characters")
    frame = split(block, width, delimiter, is_quoted=bare is not block)
    require(frame.height == lines, "lines of another form")
    longest = frame.select(pl.all().str.len_bytes().max()).row(0)
    require(max(longest) <= LONGEST_CELL and sum(longest) + width <= LONGEST_CELL * 16, "very long cells")
    return frame


def split(block: bytes, width: int, delimiter: str, *, is_quoted: bool) -> pl.DataFrame:
    """Return the block as polars splits it. Raises NotClean if polars finds more cells than the header has."""
    try:
        return pl.read_csv(
            block,
            has_header=False,
            separator=delimiter,
            quote_char='"' if is_quoted else None,
            schema={str(place): pl.String for place in range(width)},
            empty_string_is_null=False,
            low_memory=True,
            extra_columns="raise",
        )
    except pl.exceptions.PolarsError as error:
        raise NotClean(f"polars: {error}") from error


def one_ahead(items: Iterable[T], make: Callable[[T], S]) -> Iterator[S]:
    """Yield what `make` makes of each item; the next one is being made in a thread while this one is used."""
    with ThreadPoolExecutor(1) as thread:
        coming = None
        for item in items:
            made, coming = coming, thread.submit(make, item)
            if made is not None:
                yield made.result()
        if coming is not None:
            yield coming.result()


def require(holds: bool, otherwise: str) -> None:
    """Raise NotClean with the reason unless the condition holds."""
    if not holds:
        raise NotClean(otherwise)
