"""Folders for what is not finished: each is locked while it is used, so that one that a kill left behind is known."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from runtime.embedded import try_lock

PASSING = ".interlock-backup-"


@contextmanager
def passing_folder(parent: Path) -> Iterator[Path]:
    """Yield an empty folder in the parent, closed to others; delete it afterwards, and those that a kill left there."""
    for left in parent.glob(f"{PASSING}*"):
        with locked(left) as is_left_behind:
            if is_left_behind:
                shutil.rmtree(left, ignore_errors=True)
    folder = Path(mkdtemp(prefix=PASSING, dir=parent))
    try:
        with locked(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Lock the folder inside the block; yield False if another process has it locked."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield try_lock(descriptor)
    finally:
        os.close(descriptor)
