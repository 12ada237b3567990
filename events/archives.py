"""Moves the events of ended projects from the ledger to files, and reads them back.

A file holds the rows of the ledger as they were, one JSON object a line, packed with gzip: `zcat FILE | jq` reads it.
It lies in DATA_DIR/archive, in the folder of the month in which its projects ended.

A move is made of steps, each of which can be done again after a crash:

1. the row of the archive names its projects; whoever makes it closes them, so that their events stay as they are;
2. the file is written under another name, and gets its own when it is complete and on disk;
3. it is read back: the number of its lines and their digest have to be those that were written;
4. its events, and no others, are deleted from the ledger, some hundred in a transaction.

So a move that was broken off goes on with the same file, and no event is in two files; also if two processes do it. Its
row in the ledger is also what keeps an event from being handled twice: instead of it, the project that is closed
refuses every event.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import TextField
from django.db.models.functions import Cast

from events.artifacts import new_file
from events.clock import database_now
from events.errors import EventError
from events.models import Archive, Event
from events.pruning import Removal, Removed

# Events that one transaction deletes: some milliseconds.
MOST_DELETED = 500
# Events that are read with one query: those of nearly every project.
MOST_READ = 500
COLUMNS = tuple(field.attname for field in Event._meta.concrete_fields if field.attname != "payload")


class ArchiveDamaged(EventError):
    """The file of the archive is missing, or does not hold what was written: its events stay where they are."""


def folder() -> Path:
    """Return the folder of the archives."""
    return Path(settings.DATA_DIR) / "archive"


def path_of(archive: Archive) -> Path:
    """Return the path of the archive's file."""
    return folder() / str(archive)


def start(project_ids: Iterable[UUID], *, month: str) -> Archive:
    """Make the row of an archive of these projects, which the caller closes in the same transaction."""
    packed = b"".join(project_id.bytes for project_id in project_ids)
    return Archive.objects.create(month=month, project_ids=packed, made_at=database_now())


def move(archive: Archive, removal: Removal) -> Iterator[Removed]:
    """Write the archive's file unless it is there, verify it, delete its events; yield after each transaction.

    Raises ArchiveDamaged or StorageFull; then no event is deleted that is not in a file which was read back.
    """
    if archive.verified_at is None:
        yield from write(archive)
    verify(archive)
    Archive.objects.filter(pk=archive.pk, verified_at=None).update(verified_at=database_now())
    yield Removed()
    for seqs in seqs_in_file(archive):
        yield removal.delete(Event.objects.filter(seq__in=seqs).only("seq"))
    archive.emptied_at = database_now()
    archive.save(update_fields=["emptied_at"])


def write(archive: Archive) -> Iterator[Removed]:
    """Write the file with all events of the archive's projects; yield after each project, so that it can be stopped."""
    digest, count, target = hashlib.sha256(), 0, path_of(archive)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with new_file(target.parent) as file:
        with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
            for project_id in archive.projects:
                for line in lines_of_ledger(project_id):
                    digest.update(line)
                    packed.write(line)
                    count += 1
                yield Removed()
        file.flush()
        os.fsync(file.fileno())
        content = {"events": count, "size": os.fstat(file.fileno()).st_size, "sha256": digest.hexdigest()}
        name_file(archive, Path(file.name), content)
    sync_folder(target.parent)
    archive.refresh_from_db()


def name_file(archive: Archive, unfinished: Path, content: dict[str, Any]) -> None:
    """Give the complete file its name, and note in the row what it has to hold.

    Not if another process has done it and verified its file: then events may be missing in this one.
    """
    with transaction.atomic():
        Archive.objects.select_for_update().get(pk=archive.pk)
        if Archive.objects.filter(pk=archive.pk, verified_at=None).update(**content):
            os.replace(unfinished, path_of(archive))


def lines_of_ledger(project_id: UUID) -> Iterator[bytes]:
    """Yield the rows of the ledger of the project as lines, in the order of their numbers.

    The payload goes from the database to the line as it is: it is neither read nor written anew.
    """
    for row in rows_of(project_id):
        payload = orjson.Fragment(row.pop("text"))
        yield orjson.dumps({**row, "payload": payload}) + b"\n"


def rows_of(project_id: UUID) -> Iterator[dict[str, Any]]:
    """Yield the rows of the ledger of the project, in the order of their numbers; the payload as `text`."""
    rows = Event.objects.filter(project_id=project_id).annotate(text=Cast("payload", TextField())).order_by("seq")
    seq = 0
    while True:
        page = list(rows.filter(seq__gt=seq).values(*COLUMNS, "text")[:MOST_READ])
        yield from page
        if len(page) < MOST_READ:
            return
        seq = page[-1]["seq"]


def sync_folder(path: Path) -> None:
    """Have the disk keep the names of the files in this folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# -- reading back ----------------------------------------------------------------------------------
def verify(archive: Archive) -> None:
    """Read the file back. Raises ArchiveDamaged unless it holds exactly the lines that were written."""
    digest, count = hashlib.sha256(), 0
    for line in lines_of(archive):
        digest.update(line)
        count += 1
    if (count, digest.hexdigest()) != (archive.events, archive.sha256):
        raise ArchiveDamaged(
            f"{path_of(archive)} does not hold the {archive.events} events that were written to it: restore it."
        )


def lines_of(archive: Archive) -> Iterator[bytes]:
    """Yield the lines of the file. Raises ArchiveDamaged if it is missing or cannot be unpacked."""
    try:
        with gzip.open(path_of(archive)) as file:
            yield from file
    except FileNotFoundError as error:
        words = f"was deleted at {archive.removed_at:%Y-%m-%d}" if archive.removed_at else "is missing: restore it"
        raise ArchiveDamaged(f"{path_of(archive)} {words}.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise ArchiveDamaged(f"{path_of(archive)} cannot be read ({error}): restore it.") from error


def seqs_in_file(archive: Archive) -> Iterator[list[int]]:
    """Yield the numbers of the events in the file, which was verified, MOST_DELETED at a time."""
    seqs: list[int] = []
    for line in lines_of(archive):
        seqs.append(orjson.loads(line)["seq"])
        if len(seqs) == MOST_DELETED:
            yield seqs
            seqs = []
    if seqs:
        yield seqs


def archived_events(archive: Archive, project_id: UUID | None = None) -> Iterator[bytes]:
    """Yield the lines of the archive, or those of one project. Raises ArchiveDamaged."""
    mark = b"" if project_id is None else b'"project_id":"%s"' % str(project_id).encode()
    for line in lines_of(archive):
        if mark in line and (project_id is None or orjson.loads(line)["project_id"] == str(project_id)):
            yield line


def remove_file(archive: Archive) -> Removed:
    """Delete the archive's file for good; its row stays and says so. Idempotent."""
    path = path_of(archive)
    size = path.stat().st_size if path.exists() else 0
    path.unlink(missing_ok=True)
    archive.removed_at = database_now()
    archive.save(update_fields=["removed_at"])
    return Removed(archive.events, size)
