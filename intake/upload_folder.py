"""The folder of uploads that were not sent yet: what its files are called, and how long they are kept."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

KEPT_SECONDS = 24 * 3600
STORED_NAME = re.compile(r"\d{1,19}-[0-9a-f]{32}")
# A name that any file in the folder has which a process that was killed may have left.
ANY_NAME = re.compile(rf"{STORED_NAME.pattern}(\.\S{{1,40}})?|tmp\w{{1,20}}|[0-9a-f]{{64}}")


def upload_folder() -> Path:
    """Return the folder of the stored files, readable only by the system user; create it if it is missing."""
    place = Path(settings.DATA_DIR) / "uploads"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def files_with_age() -> Iterator[tuple[Path, float]]:
    """Yield each stored file with its age in seconds; skip a file that is deleted meanwhile."""
    now = time.time()
    for path in upload_folder().iterdir():
        if ANY_NAME.fullmatch(path.name):
            try:
                yield path, now - path.stat().st_mtime
            except FileNotFoundError:
                continue


def expired_uploads() -> Iterator[Path]:
    """Yield the files that are older than KEPT_SECONDS."""
    return (path for path, age in files_with_age() if age > KEPT_SECONDS)
