"""What the spine no longer needs: settled dead letters, failed attempts of entries that are gone, and old archives."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from events import archives
from events.models import Archive, Attempt, DeadLetter, SetAside
from events.pruning import Kind, Removal, Removed


def settled_letters(until: datetime) -> QuerySet[DeadLetter]:
    """Return the dead letters that were settled before the moment. Open ones wait for a person, however long."""
    return DeadLetter.objects.exclude(state=DeadLetter.State.OPEN).filter(settled_at__lt=until)


def given_up_attempts(until: datetime) -> QuerySet[Attempt]:
    """Return the attempts at entries that were last tried before the moment: the stream has them no more."""
    return Attempt.objects.filter(last_seen__lt=until, next_attempt_at__lt=until)


def given_up_rounds(until: datetime) -> QuerySet[SetAside]:
    """Return the projects set aside that no round has tried since the moment: each tries at least once an hour."""
    return SetAside.objects.filter(last_seen__lt=until, next_try_at__lt=until)


@dataclass
class OldArchives(Kind):
    """Files with the events of projects that were archived long ago; their rows stay, and say that they are gone."""

    days: float
    name: str = "archives"

    def weigh(self, until: datetime) -> Removed:
        """Return how many events the files hold that would be deleted, and their bytes."""
        return sum((Removed(archive.events, archive.size) for archive in self.due(until)), Removed())

    def remove(self, removal: Removal) -> Iterator[Removed]:
        """Delete the files, one by one."""
        for archive in self.due(removal.until):
            yield archives.remove_file(archive)

    def due(self, until: datetime) -> list[Archive]:
        """Return the archives that were made before the moment and are complete, the oldest first."""
        made = Archive.objects.filter(made_at__lt=until, removed_at=None)
        return list(made.exclude(emptied_at=None).order_by("pk"))
