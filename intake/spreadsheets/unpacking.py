"""Reads what is stored packed, and never more of it than it was told to: a small file may hold a great deal."""

import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

# Of a packed document so much is unpacked at a time.
STEP_BYTES = 1 << 20
# One row is a line; a longer line is no row of ours.
LONGEST_ROW_BYTES = 1 << 20


class TooLarge(Exception):
    """What is stored is larger, unpacked, than this process may hold."""


def unpacked(path: Path, most_bytes: int) -> bytes:
    """The content of a gzip file. Raises TooLarge as soon as more than `most_bytes` have come out of it."""
    parts, size = [], 0
    with gzip.open(path) as file:
        while part := file.read(STEP_BYTES):
            size += len(part)
            if size > most_bytes:
                raise TooLarge(f"What earlier steps delivered takes more than {most_bytes:,} bytes unpacked.")
            parts.append(part)
    return b"".join(parts)


def document(path: Path, sha256: str, most_bytes: int) -> Any:
    """The one document that the file holds. Raises TooLarge; or ValueError when it is not what was stored."""
    content = unpacked(path, most_bytes)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"Artifact {path.name} is not what was stored: its digest differs.")
    return orjson.loads(content)


def lines(path: Path) -> Iterator[bytes]:
    """Each line of a file, plain or gzipped. Raises TooLarge at a line that is no row."""
    with path.open("rb") as file:
        packed = file.peek(2)[:2] == b"\x1f\x8b"
        source: Any = gzip.GzipFile(fileobj=file) if packed else file
        while line := source.readline(LONGEST_ROW_BYTES + 1):
            if len(line) > LONGEST_ROW_BYTES:
                raise TooLarge(f"A row takes more than {LONGEST_ROW_BYTES:,} bytes.")
            yield line
