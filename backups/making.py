"""Makes a backup while the system runs: one file, complete and read back before it gets its name."""

import errno
import os
from collections.abc import Callable, Container
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from backups.archive import ARTIFACTS, DATABASE, SETTINGS, Report, Writer, opened_archive
from backups.contents import Contents
from backups.errors import BackupError
from backups.folders import passing_folder
from backups.manifest import Manifest
from backups.places import DATABASE_ERRORS, own_database, pin_stored_files, settings_without_secrets, stored_files
from config.version import current_version
from events.archives import sync_folder

NO_ROOM = " Make room there, or name another disk with --to."


def backup_path(to: str) -> Path:
    """Return the file to write: in a folder one with the time in its name, by default in DATA_DIR/backups.

    Raises BackupError if there is such a file already.
    """
    folder = Path(settings.DATA_DIR) / "backups"
    if not to:
        folder.mkdir(mode=0o700, exist_ok=True)
    path = Path(to).absolute() if to else folder
    if path.is_dir():
        path /= f"interlock-{datetime.now(UTC):%Y%m%d-%H%M%S}.backup"
    if path.exists():
        raise BackupError(f"{path} exists already. Name another file, or a folder.")
    if not path.parent.is_dir():
        raise BackupError(f"There is no folder {path.parent}. Make it, or name another.")
    return path


def make_backup(path: Path, report: Report) -> Manifest:
    """Write a backup to the path, which no file has yet; return its manifest. Raises BackupError.

    Whatever ends this early leaves no file of that name.
    """
    try:
        with passing_folder(path.parent) as folder:
            whole = folder / "backup"
            write_backup(whole, folder / "dump", report)
            with opened_archive(whole, report) as archive:
                manifest = archive.manifest
            os.replace(whole, path)
            sync_folder(path.parent)
    except (OSError, *DATABASE_ERRORS) as error:
        words = f"The backup cannot be written to {path}: {str(error).strip()}. No backup was made."
        raise BackupError(f"{words}{NO_ROOM if is_full(error) else ''}") from error
    return manifest


def is_full(error: Exception) -> bool:
    """Return True if the error says that a disk has no room left."""
    is_refused = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return is_refused or "disk is full" in str(error)  # SQLite's words


def write_backup(file: Path, dump: Path, report: Report) -> None:
    """Write database, stored files and settings, as they are at one moment, to a new file."""
    database = own_database()
    with passing_folder(Path(settings.DATA_DIR)) as pins:
        pin_stored_files(pins)
        with database.dumped(dump, report) as (contents, tool):
            pin_stored_files(pins)
            manifest = described(contents, tool, stored=stored_files(pins).keys())
        files = {DATABASE: dump, **stored_files(pins)}
        with file.open("xb") as output:
            writer = Writer(output, written_of(files, report))
            writer.add_bytes(SETTINGS, settings_without_secrets())
            for name, path in files.items():
                writer.add_file(name, path)
            writer.finish(manifest)
    dump.unlink()


def described(contents: Contents, tool: int, *, stored: Container[str]) -> Manifest:
    """Return the manifest of a backup of these contents, before its parts are known."""
    return Manifest(
        made_at=datetime.now(UTC),
        version=current_version(),
        database=contents.kind,
        tool=tool,
        migrations=contents.migrations(),
        counts=contents.counts(),
        newest_event=contents.newest_event(),
        missing_artifacts=sorted(name for name in contents.named_artifacts() if f"{ARTIFACTS}{name}" not in stored),
    )


def written_of(files: dict[str, Path], report: Report) -> Callable[[int], None]:
    """Return a function that adds up the bytes that are written and reports them."""
    total, done = sum(path.stat().st_size for path in files.values()), 0

    def passed(number: int) -> None:
        nonlocal done
        done = min(done + number, total)
        report("Writing", done, total)

    return passed
