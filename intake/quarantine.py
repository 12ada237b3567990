"""Quarantine: infected files and bombs are kept for staff, in a folder that nothing serves, for some days.

Only the account of the system can read the folder. Each file is named by its SHA-256, so that the same content is
stored once. A file at the command line stays where it is: it belongs to whoever typed the command.
"""

import hashlib
import os
import shutil
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.audit import (
    AuditRecord,
    acting_organisation,
    current_request,
    printable_text,
    signed_in_account,
    unsaved_entry,
)
from events import artifacts
from intake.models import QuarantinedFile

# Whoever sends bombs must not fill the disk: above this, only the record is kept.
MOST_KEPT_BYTES = 1 << 30
LONGEST_REASON = 2000


def quarantine(content: IO[bytes], name: str, reason: str) -> None:
    """Keep the file of the present request with a record, and write it to the audit log."""
    request = current_request.get()
    if request is None:
        return
    digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
    content.seek(0)
    name, reason = printable_text(name)[:200], printable_text(reason)[:LONGEST_REASON]
    record = QuarantinedFile(
        sender=signed_in_account(request)[0],
        door=door_in_words(request.path),
        name=name,
        size=os.fstat(content.fileno()).st_size,
        sha256=digest,
        reason=reason,
        is_kept=keep(content, digest),
        organisation_id=acting_organisation(),
    )
    with transaction.atomic():
        record.save(force_insert=True)
        details = f"SHA-256 {digest}: {reason}"
        unsaved_entry(AuditRecord.Action.FILE_QUARANTINED, target=name, details=details).save(force_insert=True)


def door_in_words(path: str) -> str:
    """Return the path of the request, without the secret of an answer link."""
    return "/answer/…" if path.startswith("/answer/") else path[:200]


def keep(content: IO[bytes], digest: str) -> bool:
    """Copy the file into the folder, readable by this account only; return False if the quarantine is full.

    Raises StorageFull.
    """
    folder = quarantine_folder()
    if (folder / digest).exists():
        return True
    kept = sum(path.stat().st_size for path in folder.iterdir())
    if kept + os.fstat(content.fileno()).st_size > MOST_KEPT_BYTES:
        return False
    # Written under another name first: a file under its digest is complete.
    with artifacts.new_file(folder) as target:
        shutil.copyfileobj(content, target)
        target.flush()
        os.replace(target.name, folder / digest)
    return True


def prune_quarantine() -> int:
    """Delete records and files older than QUARANTINE_DAYS, and return the number of records. Idempotent."""
    oldest = timezone.now() - timedelta(days=settings.QUARANTINE_DAYS)
    expired = QuarantinedFile.objects.filter(quarantined_at__lt=oldest)
    digests = set(expired.values_list("sha256", flat=True))
    if not digests:
        return 0
    count, _by_model = expired.delete()
    still_wanted = set(QuarantinedFile.objects.filter(sha256__in=digests).values_list("sha256", flat=True))
    for digest in digests - still_wanted:
        with suppress(FileNotFoundError):
            (quarantine_folder() / digest).unlink()
    return count


def quarantine_folder() -> Path:
    """Return the folder, readable by this account only; create it if it is missing."""
    folder = Path(settings.QUARANTINE_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
