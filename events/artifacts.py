"""Claim check: data that is too large for an event is stored once as an artifact.

The event carries a reference to it.
"""

import errno
import gzip
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import IO, Any

import orjson
from django.conf import settings

from events.errors import EventError

NDJSON, JSON = "application/x-ndjson+gzip", "application/json+gzip"
PARQUET = "application/vnd.apache.parquet"
ID = re.compile(r"[0-9a-f]{64}")


class ArtifactMissing(EventError):
    """The reference names an artifact that is not stored here, or whose content was changed."""


class StorageFull(EventError):
    """The disk on which artifacts are stored has no room left: what was begun is deleted, and may be tried again."""


def check_in_rows(context: dict[str, Any]) -> dict[str, Any]:
    """Return the work context; rows larger than CLAIM_CHECK_BYTES are stored and replaced by a reference."""
    rows = context.get("rows") or []
    if len(orjson.dumps(rows)) <= settings.CLAIM_CHECK_BYTES:
        return context
    return {**context, "rows": [], "rows_ref": store(rows, media_type=NDJSON)}


def check_in_deliverables(context: dict[str, Any]) -> dict[str, Any]:
    """Return the work context; deliverables larger than CLAIM_CHECK_BYTES are stored and replaced by a reference."""
    deliverables = context.get("deliverables")
    if not deliverables or len(orjson.dumps(deliverables)) <= settings.CLAIM_CHECK_BYTES:
        return context
    kept = {key: value for key, value in context.items() if key != "deliverables"}
    return {**kept, "deliverables_ref": store([deliverables], media_type=JSON)}


def store(documents: Iterable[Any], *, media_type: str, folder: Path | None = None) -> dict[str, Any]:
    """Write the documents to an artifact, one a line, and return its reference {id, sha256, rows, media_type}.

    Streamed: memory does not grow with the number of documents. The same content is stored once, under its digest.
    For rows (NDJSON), keys with the value null are left out, as in dispatches. With a `folder`, the file is written
    there, under its digest, and is no artifact before `adopt`. Raises StorageFull.
    """
    digest, count = hashlib.sha256(), 0
    with new_file(folder) as file:
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, mtime=0) as lines:
            for document in documents:
                line = orjson.dumps(known_parts(document) if media_type == NDJSON else document) + b"\n"
                digest.update(line)
                lines.write(line)
                count += 1
        file.flush()
        os.fsync(file.fileno())
        os.replace(file.name, Path(file.name).with_name(digest.hexdigest()))
    return {"id": digest.hexdigest(), "sha256": digest.hexdigest(), "rows": count, "media_type": media_type}


def folder() -> Path:
    """Return the folder of the artifacts."""
    return Path(settings.ARTIFACTS_DIR)


@contextmanager
def new_file(place: Path | None = None) -> Iterator[IO[bytes]]:
    """Yield an empty file in the folder, by default that of artifacts; unless it gets another name it is deleted.

    Raises StorageFull.
    """
    place = place or folder()
    with room_on_disk():
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place, delete=False) as file:
            try:
                yield file
            finally:
                Path(file.name).unlink(missing_ok=True)


@contextmanager
def room_on_disk() -> Iterator[None]:
    """Raise StorageFull where the block finds no room on the disk."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        words = "The disk on which rows are stored has no room left. Nothing was changed: tell an operator."
        raise StorageFull(words) from error


def keep_file(file: IO[bytes], *, rows: int, media_type: str) -> dict[str, Any]:
    """Name the complete file by its digest, in its folder; return its reference {id, sha256, rows, media_type}."""
    file.flush()
    os.fsync(file.fileno())
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    os.replace(file.name, Path(file.name).with_name(digest))
    return {"id": digest, "sha256": digest, "rows": rows, "media_type": media_type}


def adopt(path: Path, reference: dict[str, Any]) -> None:
    """Make a file that `store` wrote into a folder of its own an artifact; the file stays. Idempotent.

    It counts as written just now, so that nobody deletes it before its project is there (`discard_unused`).
    """
    folder().mkdir(parents=True, exist_ok=True)
    os.utime(path)
    unfinished = folder() / f"tmp{token_hex(8)}"
    os.link(path, unfinished)
    os.replace(unfinished, folder() / reference["id"])
    # A rename between two names of the same file leaves both.
    unfinished.unlink(missing_ok=True)


def files_before(moment: datetime) -> Iterator[Path]:
    """Yield the artifacts and unfinished files that were written before the moment; other files are left alone."""
    for entry in os.scandir(folder()) if folder().is_dir() else ():
        with suppress(FileNotFoundError):  # another process was faster
            is_known = ID.fullmatch(entry.name) or entry.name.startswith("tmp")
            if is_known and entry.is_file(follow_symlinks=False) and entry.stat().st_mtime < moment.timestamp():
                yield Path(entry.path)


def discard_unused(path: Path, *, since: datetime) -> tuple[int, int]:
    """Delete the file unless it was written again since the moment; return (files, bytes) that were deleted.

    It is moved away first and then looked at: a file that somebody writes under its name meanwhile stays.
    """
    away = path.with_name(f"tmp-{path.name}")
    with suppress(FileNotFoundError):
        os.replace(path, away)
        status = away.stat()
        if status.st_mtime < since.timestamp():
            away.unlink()
            return 1, status.st_size
        with suppress(FileExistsError):
            os.link(away, path)
        away.unlink()
    return 0, 0


def known_parts(value: Any) -> Any:
    """Return the object without keys whose value is null; any other value is returned unchanged."""
    if not isinstance(value, dict) or None not in value.values():
        return value
    return {key: part for key, part in value.items() if part is not None}


def size_of(reference: dict[str, Any]) -> int:
    """Return how many bytes the stored artifact has; 0 for one that is not stored here."""
    try:
        return path_of(reference).stat().st_size
    except (ArtifactMissing, FileNotFoundError):
        return 0


def path_of(reference: dict[str, Any]) -> Path:
    """Return the path of the artifact.

    Raises ArtifactMissing if it is not stored here, or if the id is not a digest.
    """
    named = str(reference.get("id"))
    path = folder() / named
    if not ID.fullmatch(named) or not path.is_file():
        raise ArtifactMissing(
            f"Artifact {named[:80]!r} is not stored here: is DATA_DIR shared with this process? Rows are deleted"
            " KEEP_ROWS_DAYS after the end of their project."
        )
    return path
