"""Takes a person's names out of files: archives of events are written anew, and what the person sent is deleted.

Rows that were sent and stored as an artifact are not looked at: the name of an artifact is the digest of its bytes, and
they go with their project (KEEP_ROWS_DAYS).
"""

import gzip
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from events.archives import ArchiveDamaged, lines_of, path_of, sync_folder
from events.artifacts import new_file
from events.models import Archive, Erasure
from intake.models import QuarantinedFile
from intake.quarantine import quarantine_folder
from intake.upload_folder import upload_folder
from privacy.words import Words


def erased_archives(words: Words, erasure: Erasure | None) -> Iterator[int]:
    """Take the person's names out of the archives of events, file by file; yield how many events after each.

    Raises ArchiveDamaged for a file that is missing or cannot be read. Without an erasure nothing is changed.
    """
    for archive in Archive.objects.exclude(verified_at=None).filter(removed_at=None).order_by("pk"):
        erased = [said for line in lines_of(archive) if (said := erased_line(line, words))]
        if erased and erasure is not None:
            write_anew(archive, words, erasure, [{"event_id": e["event_id"], "digest": e["digest"]} for e in erased])
        yield len(erased)


def erased_line(line: bytes, words: Words) -> dict[str, Any] | None:
    """Return the event of the line without the person's names; None if it does not name the person."""
    event: dict[str, Any] = orjson.loads(line)
    # In the lines of release 0.2 the payload stands twice.
    event.pop("text", None)
    payload = words.in_document(event["payload"])
    return None if payload == event["payload"] else {**event, "payload": payload}


def write_anew(archive: Archive, words: Words, erasure: Erasure, erased: list[dict[str, str]]) -> None:
    """Write the archive's file without the person's names, and note its digests before and after.

    A crash before the last step leaves the earlier file, which does not fit its row: the next run writes it again.
    """
    path, digest, found, before = path_of(archive), hashlib.sha256(), hashlib.sha256(), archive.sha256
    with new_file(path.parent) as file:
        with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
            for line in lines_of(archive):
                found.update(line)
                without = erased_line(line, words)
                written = line if without is None else orjson.dumps(without) + b"\n"
                digest.update(written)
                packed.write(written)
        file.flush()
        os.fsync(file.fileno())
        require_own(archive, found.hexdigest(), erasure)
        archive.sha256, archive.size = digest.hexdigest(), os.fstat(file.fileno()).st_size
        with transaction.atomic():
            archive.save(update_fields=["sha256", "size"])
            erasure.archives.append(
                {"archive": archive.pk, "sha256_before": before, "sha256": archive.sha256, "events": erased}
            )
            erasure.save(update_fields=["archives"])
        os.replace(file.name, path)
    sync_folder(path.parent)


def require_own(archive: Archive, found: str, erasure: Erasure) -> None:
    """Raise ArchiveDamaged unless the file holds what was written to it, or what it held before this run broke off."""
    replaced = {said["sha256_before"] for said in erasure.archives if said["archive"] == archive.pk}
    if found not in {archive.sha256, *replaced}:
        raise ArchiveDamaged(f"{path_of(archive)} does not hold what was written to it: restore it.")


# -- what the person sent --------------------------------------------------------------------------
def files_of(person: User) -> list[Path]:
    """Return the files that the person sent: uploads, and what is in quarantine and nobody else has sent."""
    uploads = list(upload_folder().glob(f"{person.pk}-*"))
    sent = quarantined_by(person)
    own = set(sent.values_list("sha256", flat=True))
    by_others = QuarantinedFile.objects.filter(sha256__in=own).exclude(pk__in=sent)
    others = set(by_others.values_list("sha256", flat=True))
    return [*uploads, *(path for name in sorted(own - others) if (path := quarantine_folder() / name).exists())]


def quarantined_by(person: User) -> QuerySet[QuarantinedFile]:
    """Return the records of dangerous files that the person sent, by a page or with a key."""
    name = person.get_username()
    return QuarantinedFile.objects.filter(Q(sender=name) | Q(sender__startswith=f"{name} (key "))


def erased_files(person: User, *, dry_run: bool) -> int:
    """Delete the files that the person sent, and return how many there were."""
    found = files_of(person)
    if not dry_run:
        quarantined_by(person).filter(sha256__in=[path.name for path in found]).update(is_kept=False)
        for path in found:
            path.unlink(missing_ok=True)
    return len(found)
