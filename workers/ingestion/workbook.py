"""Excel workbooks: looked over for what is hostile, then parsed in a child process with little memory and time."""

import os
import select
import subprocess
import sys
import zipfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import orjson

from workers.ingestion import workbook_child
from workers.ingestion.sheet import MOST_UNPACKED_BYTES, Cell, Elapsed, Line, Sheet, Unreadable

MOST_MEMBERS = 10_000
# The child has this long to say the next thing; its own limit on CPU time is shorter.
PATIENCE_SECONDS = 60.0
CHUNK_BYTES = 1 << 16
# A row of 1,024 cells, each as long as Excel allows, is shorter.
LONGEST_MESSAGE = 64 * 1024 * 1024


def open_workbook(path: Path) -> Generator[Sheet]:
    """The workbook's sheets in order; each is read before the next is asked for. Raises Unreadable."""
    look_over(path)
    with child(path) as said:
        messages = heard(said, path)
        message = next(messages, None)
        while isinstance(message, dict) and "sheet" in message:
            remaining: list[Any] = []
            lines = lines_of(messages, remaining)
            yield Sheet(lines)
            for _ in lines:
                pass
            message = remaining[0] if remaining else None


def look_over(path: Path) -> None:
    """Raise Unreadable unless the file is a workbook of reasonable size, by what its directory says."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Unreadable(f"{path.name} is a damaged workbook: open it in Excel and save it again.") from None
    if "xl/workbook.xml" not in {member.filename for member in members}:
        raise Unreadable(f"{path.name} is no Excel workbook: save the table as .xlsx or as CSV (UTF-8).")
    if any(member.flag_bits & 1 for member in members):
        raise Unreadable(f"{path.name} is encrypted: save it without a password.")
    if len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > MOST_UNPACKED_BYTES:
        raise Unreadable(f"{path.name} is larger than 512 MiB unpacked: split it into smaller files.")


@contextmanager
def child(path: Path) -> Iterator[IO[bytes]]:
    """What the parsing process says; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-X", "utf8", workbook_child.__file__, str(path.resolve())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ},
        bufsize=0,
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def heard(said: IO[bytes], path: Path) -> Iterator[Any]:
    """Each message of the child. Raises Unreadable if it reports a fault, falls silent, or dies before the end."""
    rest = b""
    while chunk := next_chunk(said, path):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            message = orjson.loads(line)
            if isinstance(message, dict) and "fault" in message:
                raise Unreadable(f"{path.name} cannot be read: {message['fault']}. Open it in Excel and save it again.")
            if isinstance(message, dict) and "end" in message:
                return
            yield message
        if len(rest) > LONGEST_MESSAGE:
            break
    raise Unreadable(
        f"{path.name} takes more memory or time than a list of tasks should: "
        "delete stray cells far below or beside the table, or save the table as CSV (UTF-8)."
    )


def next_chunk(said: IO[bytes], path: Path) -> bytes:
    """More of what the child says; nothing when it has ended. Raises Unreadable if it says nothing for too long."""
    ready, _, _ = select.select([said], [], [], PATIENCE_SECONDS)
    if not ready:
        raise Unreadable(f"{path.name} takes too long to read: save the table as CSV (UTF-8).")
    return said.read(CHUNK_BYTES)


def lines_of(messages: Iterator[Any], remaining: list[Any]) -> Iterator[Line]:
    """The lines up to the next sheet, whose message is put into `remaining`."""
    for message in messages:
        if isinstance(message, dict):
            remaining.append(message)
            return
        number, cells = message
        yield Line(number, [cell_of(cell) for cell in cells])


def cell_of(value: Any) -> Cell:
    """The cell as the child meant it."""
    if isinstance(value, list):
        return Elapsed(value[0])
    return value.strip() if isinstance(value, str) else float(value)
