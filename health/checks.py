"""What Interlock needs, and which of it a web process cannot do without.

A process is *not ready*, so that no traffic should come to it, while the database does not answer or takes no writes,
and while it lacks tables of this version: no page could be answered rightly. Everything else only *warns*, since one
bad thing costs one thing:

- The broker is away or full: pages work, and events wait in the database.
- Events wait to be published or to be read, or nobody reads a group: some work stands still, and the web is not to
  blame. Without it, nobody could answer a question or look into the matter.
- A dead letter is open: a person has to decide about one message.
- The disk has little room: uploads will be refused in a sentence, and everything else works. All web processes share
  the data folder, so another one could not do better.
- PostgreSQL has few connections left: those that are open go on.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from django.conf import settings

from health.broker import broker_source
from health.database import database_source
from health.watch import Check, Finding, Source, Watch

MB = 1024 * 1024
# Files that can still be made: a system that has room for bytes may have none for names.
LEAST_FILES = 1000


@contextmanager
def folder() -> Iterator[Path]:
    """Yield the data folder."""
    yield Path(settings.DATA_DIR)


def disk(data: Path) -> Finding:
    """Find out whether the disk of the data folder has room for what people send."""
    found = os.statvfs(data)
    free, files = found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None
    figures = {"free_bytes": free, "free_files": files}
    if free >= settings.HEALTH.free_bytes and (files is None or files >= LEAST_FILES):
        return Finding(True, "", figures)
    words = (
        f"The disk of {data} has {free // MB} MB free, and {settings.HEALTH.free_bytes // MB} MB are wanted"
        " (HEALTH_FREE_MB). Make room, or uploads are refused soon."
    )
    return Finding(False, words, figures)


@cache
def everything() -> Watch:
    """Return this process's watch over all that Interlock needs."""
    disks = Source("disk", [Check("disk", disk)], connect=folder)
    return Watch([database_source(thoroughly=True), broker_source(thoroughly=True), disks])


@cache
def sources() -> Watch:
    """Return this process's watch over what every loop waits for: the database and the broker."""
    return Watch([database_source(thoroughly=False), broker_source(thoroughly=False)])


def sources_answer() -> bool:
    """Return True if database and broker answer: then a loop that stands still does not wait for them."""
    return all(finding.ok for finding in sources().look().findings.values())
