"""Claim check: data that is too large for an event is stored once as an artifact.

The event carries a reference to it.
"""

import gzip
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import orjson
from django.conf import settings

from events.errors import EventError

NDJSON, JSON = "application/x-ndjson+gzip", "application/json+gzip"
PARQUET = "application/vnd.apache.parquet"
ID = re.compile(r"[0-9a-f]{64}")


class ArtifactMissing(EventError):
    """The reference names an artifact that is not stored here, or whose content was changed."""


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
    there, under its digest, and is no artifact before `adopt`.
    """
    folder = folder or Path(settings.ARTIFACTS_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    digest, count = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, mtime=0) as lines:
            for document in documents:
                line = orjson.dumps(known_parts(document) if media_type == NDJSON else document) + b"\n"
                digest.update(line)
                lines.write(line)
                count += 1
        file.flush()
        os.fsync(file.fileno())
    os.replace(file.name, folder / digest.hexdigest())
    return {"id": digest.hexdigest(), "sha256": digest.hexdigest(), "rows": count, "media_type": media_type}


@contextmanager
def new_file(folder: Path | None = None) -> Iterator[IO[bytes]]:
    """Yield an empty file in the folder, by default that of artifacts, for `keep_file`; unless kept it is deleted."""
    folder = folder or Path(settings.ARTIFACTS_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        try:
            yield file
        finally:
            Path(file.name).unlink(missing_ok=True)


def keep_file(file: IO[bytes], *, rows: int, media_type: str) -> dict[str, Any]:
    """Name the complete file by its digest, in its folder; return its reference {id, sha256, rows, media_type}."""
    file.flush()
    os.fsync(file.fileno())
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    os.replace(file.name, Path(file.name).with_name(digest))
    return {"id": digest, "sha256": digest, "rows": rows, "media_type": media_type}


def adopt(path: Path, reference: dict[str, Any]) -> None:
    """Make a file that `store` wrote into a folder of its own an artifact; the file stays. Idempotent."""
    folder = Path(settings.ARTIFACTS_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.link(path, folder / reference["id"])


def known_parts(value: Any) -> Any:
    """Return the object without keys whose value is null; any other value is returned unchanged."""
    if not isinstance(value, dict) or None not in value.values():
        return value
    return {key: part for key, part in value.items() if part is not None}


def path_of(reference: dict[str, Any]) -> Path:
    """Return the path of the artifact.

    Raises ArtifactMissing if it is not stored here, or if the id is not a digest.
    """
    named = str(reference.get("id"))
    path = Path(settings.ARTIFACTS_DIR) / named
    if not ID.fullmatch(named) or not path.is_file():
        raise ArtifactMissing(f"Artifact {named[:80]!r} is not stored here: is DATA_DIR shared with this process?")
    return path
