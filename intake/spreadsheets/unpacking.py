"""Read stored files that are compressed, within a size limit: a small gzip file may unpack to a huge content."""

import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

# How much of a compressed document is unpacked at a time.
STEP_BYTES = 1 << 20
# Each line is one row; a longer line was not written by Interlock.
LONGEST_ROW_BYTES = 1 << 20


class TooLarge(Exception):
    """The stored content is larger, after unpacking, than this process may hold."""


def unpacked_content(path: Path, most_bytes: int) -> bytes:
    """Return the content of a gzip file. Raises TooLarge as soon as more than `most_bytes` are unpacked."""
    parts, size = [], 0
    with gzip.open(path) as file:
        while part := file.read(STEP_BYTES):
            size += len(part)
            if size > most_bytes:
                raise TooLarge(f"What earlier steps delivered takes more than {most_bytes:,} bytes unpacked.")
            parts.append(part)
    return b"".join(parts)


def read_document(path: Path, sha256: str, most_bytes: int) -> Any:
    """Return the JSON document in the gzip file. Raises TooLarge, or ValueError if its SHA-256 digest differs."""
    content = unpacked_content(path, most_bytes)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"Artifact {path.name} is not what was stored: its digest differs.")
    return orjson.loads(content)


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield each line of a file, plain or gzipped. Raises TooLarge at a line of more than LONGEST_ROW_BYTES."""
    with path.open("rb") as file:
        packed = file.peek(2)[:2] == b"\x1f\x8b"
        source: Any = gzip.GzipFile(fileobj=file) if packed else file
        while line := source.readline(LONGEST_ROW_BYTES + 1):
            if len(line) > LONGEST_ROW_BYTES:
                raise TooLarge(f"A row takes more than {LONGEST_ROW_BYTES:,} bytes.")
            yield line
