"""Restores a backup into an empty place, or in place of what is there. It is read whole before anything changes.

Artifacts come first, then the database: whenever this is broken off, no row names an artifact that is missing. Archives
of events have numbers, so they take the place of others of the same number only when the database has been checked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

from backlog.flow.after_restore import begin_again
from backups.archive import ARCHIVED, ARTIFACTS, DATABASE, SETTINGS, Reader, Report, opened_archive
from backups.contents import Contents
from backups.errors import BackupError, DamagedBackup, UnfitBackup
from backups.folders import passing_folder
from backups.manifest import Manifest
from backups.old_keys import count_valid_again
from backups.places import DATABASE_ERRORS, Database, other_settings, own_database
from config.version import current_version
from encryption.errors import EncryptionError
from encryption.wrapping import key_wrapper
from runtime.system import lock_data_folder


@dataclass(frozen=True)
class Restored:
    """What was restored, the variables that were set otherwise when it was backed up, {name: (then, now)}, how many
    items were in progress then, and {what: how many} of the keys and links that are valid as they were then."""

    manifest: Manifest
    other_settings: dict[str, tuple[str, str]]
    in_progress: int
    keys: dict[str, int]


def restore(
    path: Path, *, replace: bool, report: Report, lost_key: bool = False, revoke_keys: bool = False
) -> Restored:
    """Restore the backup into the database and the data folder that the settings name; return what was restored.

    A database that holds anything is replaced only with `replace`. With `lost_key`, secrets that no key here opens are
    restored too, and stay unreadable. With `revoke_keys`, the keys and links that it makes valid again end at once.
    Raises BackupError, and EmbeddedServerError if a system runs on the data folder.
    """
    with lock_data_folder(), opened_archive(path, report) as archive:
        others = other_settings(archive.part(SETTINGS).read())
        try:
            load(archive, replace=replace, report=report, lost_key=lost_key)
        except (OSError, *DATABASE_ERRORS) as error:
            words = f"The backup cannot be restored: {str(error).strip()}. The database is as it was before."
            raise BackupError(words) from error
        call_command("migrate", verbosity=0)
        return Restored(archive.manifest, others, begin_again(), count_valid_again(revoke=revoke_keys))


def load(archive: Reader, *, replace: bool, report: Report, lost_key: bool) -> None:
    """Bring artifacts and database of the backup to their places; change nothing unless everything fits."""
    database = own_database()
    require_known(archive.manifest)
    database.require_fit(archive.manifest)
    require_free(database, replace=replace)
    with passing_folder(Path(settings.DATA_DIR)) as folder:
        unpack(archive, folder, report)
        keep(archive.manifest, folder, ARTIFACTS)
        with database.loaded(folder / DATABASE) as contents:
            require_counts(contents, archive.manifest)
            if not lost_key:
                require_key(contents)
            keep(archive.manifest, folder, ARCHIVED)


# -- before anything changes -----------------------------------------------------------------------
def require_known(manifest: Manifest) -> None:
    """Raise UnfitBackup if the backup has a migration that this version does not know."""
    known = MigrationLoader(None).disk_migrations or {}
    applied = [(app, name) for app, names in manifest.migrations.items() for name in names]
    if unknown := [migration for migration in applied if migration not in known]:
        raise UnfitBackup(
            f"The backup was made by a newer Interlock, by version {manifest.version} (this is {current_version()}),"
            f" with migration {'.'.join(unknown[0])}. Install that version, then restore. Nothing was changed."
        )


def require_free(database: Database, *, replace: bool) -> None:
    """Raise BackupError if a process uses the database, or if it holds anything that is not to be replaced."""
    with database.unused() as contents:
        if contents is not None and not contents.is_empty() and not replace:
            raise BackupError(
                "The database is not empty. To give up everything that is in it, use --replace; to keep it, set"
                " DATA_DIR and DATABASE_URL to another place. Nothing was changed."
            )


# -- parts -----------------------------------------------------------------------------------------
def unpack(archive: Reader, folder: Path, report: Report) -> None:
    """Write database and stored files into the folder, each checked against its digest."""
    passed = bytes_of(archive.manifest, report)
    for name in archive.manifest.parts:
        if name != SETTINGS:
            archive.unpack(name, folder / name, passed)


def bytes_of(manifest: Manifest, report: Report) -> Callable[[int], None]:
    """Return a function that adds up the bytes that are unpacked and reports them."""
    total, done = sum(part.bytes for part in manifest.parts.values()), 0

    def passed(number: int) -> None:
        nonlocal done
        done += number
        report("Unpacking", done, total)

    return passed


def keep(manifest: Manifest, folder: Path, kind: str) -> None:
    """Move the unpacked files of this kind to where they are stored; an artifact that is there already is the same."""
    for name in manifest.stored:
        if name.startswith(kind):
            place = Path(settings.DATA_DIR) / name
            place.parent.mkdir(parents=True, exist_ok=True)
            (folder / name).replace(place)


def require_counts(contents: Contents, manifest: Manifest) -> None:
    """Raise DamagedBackup unless every table has as many rows as when the backup was made."""
    found = contents.counts()
    if wrong := sorted(name for name in {*found, *manifest.counts} if found.get(name) != manifest.counts.get(name)):
        there, meant = found.get(wrong[0], "none"), manifest.counts.get(wrong[0], "none")
        words = f"{wrong[0]} has {there} rows after the restore, and had {meant}. The database is as it was before."
        raise DamagedBackup(words)


def require_key(contents: Contents) -> None:
    """Raise UnfitBackup if secrets of the database are sealed with a key-encryption key that is not here."""
    try:
        for key_id, wrapped in contents.data_keys():
            key_wrapper().unwrap(key_id, wrapped)
    except EncryptionError as error:
        raise UnfitBackup(
            f"{error} A backup holds no key: it is kept elsewhere. If it is lost, use --lost-key, and delete what"
            f" nobody can open with `{settings.COMMAND} rotate-keys --drop-lost`. The database is as it was before."
        ) from error
