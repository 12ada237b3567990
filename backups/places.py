"""Where the parts of a backup come from, and where they go: database, stored files, settings."""

import json
import os
import sqlite3
from contextlib import suppress
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection

from backups.archive import ARCHIVED, ARTIFACTS, STORED
from backups.postgres import PostgresDatabase
from backups.sqlite import SqliteDatabase
from environment.variables import holds_secret

Database = SqliteDatabase | PostgresDatabase
DATABASE_ERRORS = (sqlite3.Error, psycopg.Error)


def own_database() -> Database:
    """Return the database that the settings name; Django's own connection to it is closed."""
    connection.close()
    if connection.vendor == "sqlite":
        return SqliteDatabase(Path(connection.settings_dict["NAME"]))
    return PostgresDatabase(connection.get_connection_params())


def stored_files(folder: Path) -> dict[str, Path]:
    """Return {name of the part: file} of what rows name: artifacts, and archives of events that left the ledger.

    Their names tell them from files that are still being written.
    """
    files = [*folder.glob(f"{ARTIFACTS}*"), *folder.glob(f"{ARCHIVED}*/*")]
    named = {path.relative_to(folder).as_posix(): path for path in sorted(files)}
    return {name: path for name, path in named.items() if STORED.fullmatch(name)}


def pin_stored_files(into: Path) -> None:
    """Link every file that is stored now into the folder, where it stays if it is deleted meanwhile. Idempotent.

    A file is complete before the row that names it is committed, and deleted after it. So those that were stored just
    before a state of the database and just after it hold every one that this state names.
    """
    for name, file in stored_files(Path(settings.DATA_DIR)).items():
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError, FileNotFoundError):
            os.link(file, into / name)


def settings_without_secrets() -> bytes:
    """Return the variables that are set, as JSON: {"variables": {name: text}, "left_out": names of secrets}."""
    read = settings.ENVIRONMENT
    texts = {name: read.text(name) for name in sorted(read.names)}
    given = {name: text for name, text in texts.items() if text}
    shown = {name: text for name, text in given.items() if not holds_secret(name)}
    return json.dumps({"variables": shown, "left_out": sorted(given.keys() - shown.keys())}, indent=1).encode()


def other_settings(kept: bytes) -> dict[str, tuple[str, str]]:
    """Return {name: (text then, text now)} of the variables that are set otherwise than when the backup was made."""
    then, now = json.loads(kept)["variables"], json.loads(settings_without_secrets())["variables"]
    names = sorted((then.keys() | now.keys()) - {"DATA_DIR"})
    return {name: (then.get(name, ""), now.get(name, "")) for name in names if then.get(name) != now.get(name)}
