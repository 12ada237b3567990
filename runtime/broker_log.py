"""The log of the embedded broker, which has no rotation of its own: of two files, the older one is replaced."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings

from events.pruning import Kind, Removal, Removed

MOST_BYTES = 10_000_000


class BrokerLog(Kind):
    """The log file, once it is large: it becomes `valkey.log.1`, in the place of the one before.

    The broker opens its log anew for each line, so it goes on in a new file.
    """

    name, days = "embedded broker's log", 1.0

    def weigh(self, until: datetime) -> Removed:
        """Return the older file, if it would be replaced."""
        log, older = self.files()
        return Removed(1, older.stat().st_size) if is_large(log) and older.exists() else Removed()

    def remove(self, removal: Removal) -> Iterator[Removed]:
        """Replace the older file."""
        log, older = self.files()
        if is_large(log):
            removed = self.weigh(removal.until)
            os.replace(log, older)
            yield removed

    def files(self) -> tuple[Path, Path]:
        """Return the log and the older log."""
        log = Path(settings.DATA_DIR) / "valkey" / "valkey.log"
        return log, log.with_name("valkey.log.1")


def is_large(log: Path) -> bool:
    """Return True if the log is there and has more than MOST_BYTES."""
    return log.exists() and log.stat().st_size > MOST_BYTES
