"""Consumer groups of other programs that nobody reads: dropped after some time, each with a record in the audit log.

Until then they are found, complained of and shown by `events/abandoned.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from accounts.audit import AuditRecord, unsaved_entry
from events import abandoned
from events.clock import database_now
from events.models import AbandonedGroup
from events.pruning import Kind, Removal, Removed


@dataclass
class AbandonedGroups(Kind):
    """Groups that nobody has read for long, while entries waited for them; never one of Interlock's own."""

    days: float
    name: str = "abandoned consumer groups"

    def weigh(self, until: datetime) -> Removed:
        """Return how many groups would be dropped."""
        return Removed(len(self.due(until)))

    def remove(self, removal: Removal) -> Iterator[Removed]:
        """Drop the groups, one by one. Raises one of the broker's errors."""
        for row in self.due(removal.until):
            drop_group(row.stream, row.group, words=f"nobody has read it since {row.since:%Y-%m-%d %H:%M}")
            yield Removed(1)

    def due(self, until: datetime) -> list[AbandonedGroup]:
        """Return the groups that were found abandoned before the moment and still are, as the broker says now."""
        rows = AbandonedGroup.objects.filter(since__lt=until, dropped_at=None).order_by("pk")
        return [row for row in rows if abandoned.is_still_abandoned(row.stream, row.group)]


def drop_group(stream: str, group: str, *, words: str) -> None:
    """Remove the group with its waiting entries from the stream; the audit log says who did it and why."""
    abandoned.drop_group(stream, group)
    AbandonedGroup.objects.filter(stream=stream, group=group, dropped_at=None).update(dropped_at=database_now())
    unsaved_entry(AuditRecord.Action.GROUP_DROPPED, target=group, details=f"of {stream}: {words}").save()
