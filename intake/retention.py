"""What intake no longer needs: uploads that were not sent, files in quarantine, remembered readings, unread rows."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet, Sum

from backlog.states import OVER_STATUSES
from events.pruning import Kind, Removal, Removed
from intake.models import QuarantinedFile, RememberedReading, UnreadRows
from intake.quarantine import prune_quarantine
from intake.upload_folder import KEPT_SECONDS, expired_uploads


def old_readings(until: datetime) -> QuerySet[RememberedReading]:
    """Return what was decided about files before the moment."""
    return RememberedReading.objects.filter(chosen_at__lt=until)


def unread_rows_of_ended(until: datetime) -> QuerySet[UnreadRows]:
    """Return the unread rows of projects that ended before the moment."""
    return UnreadRows.objects.filter(project__finished_at__lt=until, project__status__in=OVER_STATUSES)


class ExpiredUploads(Kind):
    """Uploads that were previewed and not sent, and what was read from them."""

    name, days = "uploads", KEPT_SECONDS / 86_400

    def weigh(self, until: datetime) -> Removed:
        """Return how many files would be deleted, and their bytes."""
        return sum((Removed(1, path.stat().st_size) for path in expired_uploads()), Removed())

    def remove(self, removal: Removal) -> Iterator[Removed]:
        """Delete the files, one by one."""
        for path in expired_uploads():
            with suppress(FileNotFoundError):  # another process was faster
                size = path.stat().st_size
                path.unlink()
                yield Removed(1, size)


@dataclass
class OldQuarantine(Kind):
    """Files in quarantine with their records; a file that was sent again later stays."""

    days: float
    name: str = "quarantine"

    def weigh(self, until: datetime) -> Removed:
        """Return how many records would be deleted, and the bytes of their files."""
        old = QuarantinedFile.objects.filter(quarantined_at__lt=until)
        return Removed(old.count(), old.aggregate(size=Sum("size"))["size"] or 0)

    def remove(self, removal: Removal) -> Iterator[Removed]:
        """Delete records and files; the quarantine is small (MOST_KEPT_BYTES)."""
        yield Removed(prune_quarantine())
