"""What the backlog no longer needs: events of projects that ended long ago, their stored rows, and old leases."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast

from backlog.models import WITH_FILES, Item, Lease, Project, WorkContext
from backlog.states import OVER_STATUSES, ItemState
from events import archives, artifacts
from events.clock import database_now
from events.models import Archive, Event
from events.pruning import Kind, Removal, Removed

logger = logging.getLogger(__name__)

# Projects whose events one archive holds: a file of some megabytes, which is read back in a moment.
MOST_PROJECTS = 200
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


def ended_leases(until: datetime) -> QuerySet[Lease]:
    """Return the leases from before the moment under which no item is in progress."""
    in_force = Q(item__state=ItemState.IN_PROGRESS, item__current_dispatch=F("dispatch_id"))
    return Lease.objects.filter(~in_force, leased_at__lt=until)


def ended_before(until: datetime) -> QuerySet[Project]:
    """Return the projects that ended before the moment."""
    return Project.objects.filter(finished_at__lt=until, status__in=OVER_STATUSES)


# -- events ----------------------------------------------------------------------------------------
@dataclass
class OldEvents(Kind):
    """Events of projects that ended long ago: moved to archives, which closes their projects for good."""

    days: float
    name: str = "events of ended projects"
    record = "events.Event"

    def weigh(self, until: datetime) -> Removed:
        """Return how many events would be moved: those of due projects, and of moves that were broken off."""
        broken_off = [pk for archive in unfinished_archives() for pk in archive.projects]
        due = Q(project_id__in=ended_before(until).filter(archive=None).values("pk")) | Q(project_id__in=broken_off)
        return Removed(Event.objects.filter(due).count())

    def remove(self, removal: Removal) -> Iterator[Removed]:
        """Go on with moves that were broken off, then move the events of due projects, the oldest first.

        A damaged archive is logged and holds up no other; it is raised at the end.
        """
        damaged: archives.ArchiveDamaged | None = None
        for archive in self.archives_to_move(removal.until):
            try:
                yield from archives.move(archive, removal)
            except archives.ArchiveDamaged as error:
                logger.error("%s", error)
                damaged = error
        if damaged:
            raise damaged

    def archives_to_move(self, until: datetime) -> Iterator[Archive]:
        """Yield the archives whose events are still in the ledger, then new ones while projects are due."""
        yield from unfinished_archives()
        while archive := close_projects(until):
            yield archive


def unfinished_archives() -> list[Archive]:
    """Return the archives whose events are not all gone from the ledger, the oldest first."""
    return list(Archive.objects.filter(emptied_at=None).order_by("pk"))


@transaction.atomic
def close_projects(until: datetime) -> Archive | None:
    """Close up to MOST_PROJECTS projects that ended before the moment, in one month, and return their new archive.

    None if there are none. From the commit on every change of them is refused, by `selectors.keep_projects`: the lock
    is the one that each change holds. A project that somebody holds at the moment is left for later.
    """
    due = ended_before(until).filter(archive=None).order_by("finished_at", "id")
    locked = list(due.select_for_update(skip_locked=True, of=("self",))[:MOST_PROJECTS])
    months = [f"{project.finished_at:%Y-%m}" for project in locked]
    if not locked:
        return None
    chosen = [project.pk for project, month in zip(locked, months, strict=True) if month == months[0]]
    archive = archives.start(chosen, month=months[0])
    Project.objects.filter(pk__in=chosen).update(archive=archive)
    return archive


# -- stored rows -----------------------------------------------------------------------------------
@dataclass
class StoredFiles(Kind):
    """Stored rows and deliverables that nobody refers to, and files that a dead process left unfinished.

    A project refers to its rows for `days_of_rows` after its end, and those whose deliverables are dispatched as long
    as the work goes on. What was just stored may be referred to in a moment: `days` are counted from its writing.
    """

    days: float
    days_of_rows: float
    name: str = "stored rows"

    def weigh(self, until: datetime) -> Removed:
        """Return how many files would be deleted, and their bytes."""
        return sum((Removed(1, path.stat().st_size) for path in self.unused(until)), Removed())

    def remove(self, removal: Removal) -> Iterator[Removed]:
        """Delete the files, one by one."""
        for path in self.unused(removal.until):
            yield Removed(*artifacts.discard_unused(path, since=removal.until))

    def unused(self, until: datetime) -> list[Path]:
        """Return the files from before the moment to which nothing refers; the files are listed first."""
        old = {path.name: path for path in artifacts.files_before(until)}
        if old:
            for digest in self.referred_to():
                old.pop(digest, None)
        return list(old.values())

    def referred_to(self) -> Iterator[str]:
        """Yield the digests of the files that are needed: by work contexts, and by dispatches that are open."""
        contexts = WorkContext.objects.filter(WITH_FILES)
        if self.days_of_rows:
            since = database_now() - timedelta(days=self.days_of_rows)
            contexts = contexts.filter(Q(project__finished_at=None) | Q(project__finished_at__gte=since))
        yield from digests_in(contexts.annotate(text=Cast("data", TextField())).values_list("text", flat=True))
        dispatches = Item.objects.filter(state=ItemState.IN_PROGRESS).values("current_dispatch")
        events = Event.objects.filter(event_id__in=dispatches, payload__work_context__has_key="deliverables_ref")
        yield from digests_in(events.annotate(text=Cast("payload", TextField())).values_list("text", flat=True))


def digests_in(texts: "QuerySet[Any, str]") -> Iterator[str]:
    """Yield each SHA-256 in hex that the texts contain."""
    for text in texts.iterator(100):
        yield from DIGEST.findall(text)
