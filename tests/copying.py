"""A migrated database for each process of a test run: the first process makes it, and each takes a copy.

The migrations take two CPU seconds, and a copy some hundredths.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from tests.real_parts import STARTED


def use_copy(folder: Path, process: str) -> None:
    """Connect this process to a migrated database of its own; the folder is shared by the processes of the run."""
    with alone(folder / "migrating"):
        migrated = folder / "migrated"
        if migrated.exists():
            connection.close()
            connection.settings_dict["NAME"] = migrated.read_text()
        else:
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
            connection.close()
            migrated.write_text(str(connection.settings_dict["NAME"]))
        connection.creation.clone_test_db(process, verbosity=0)
    copy = connection.creation.get_test_db_clone_settings(process)["NAME"]
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = copy


def migrated_in(folder: Path) -> None:
    """Leave the run's migrated database, if it is of SQLite, in a data folder, as an earlier start would have.

    A system that is started there need not migrate, which takes it some CPU seconds.
    """
    if connection.vendor == "sqlite":
        made = (Path(os.environ[STARTED]) / "migrated").read_text()
        shutil.copy(made, folder / "interlock.sqlite3")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a lock on the file: other processes wait until the block has run."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
