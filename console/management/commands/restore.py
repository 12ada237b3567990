"""Restore a backup into the database and the data folder that the settings name."""

import signal
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import orjson

from backups.restoring import Restored, restore
from console.operator import OperatorCommand
from console.progress import shown_progress


class Command(OperatorCommand):
    help = "Restore a backup into the database and the data folder that DATABASE_URL and DATA_DIR name."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a file that `backup` has written")
        parser.add_argument("--replace", action="store_true", help="give up everything that the database holds now")
        parser.add_argument(
            "--lost-key", action="store_true", help="restore although the key of the stored secrets is lost"
        )
        parser.add_argument(
            "--revoke-keys", action="store_true", help="end all API keys, keys of producers and links to reports"
        )
        parser.add_argument("--json", action="store_true", help="print what was restored as JSON")

    def handle(self, *args: Any, file: Path, revoke_keys: bool, json: bool, **options: Any) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        chosen = {name: options[name] for name in ("replace", "lost_key")}
        with shown_progress(self.stderr) as report:
            restored = restore(file, report=report, revoke_keys=revoke_keys, **chosen)
        if json:
            data = {
                **restored.manifest.model_dump(mode="json"),
                "other_settings": restored.other_settings,
                "in_progress": restored.in_progress,
                "keys": restored.keys,
                "keys_revoked": revoke_keys,
            }
            self.stdout.write(orjson.dumps(data).decode())
        else:
            self.stdout.write("\n".join(summary(restored, revoke_keys=revoke_keys)))


def summary(restored: Restored, *, revoke_keys: bool) -> list[str]:
    """Return what was restored and what to do now, in words."""
    manifest = restored.manifest
    rows, stored = sum(manifest.counts.values()), len(manifest.stored)
    lines = [
        f"{name} was {then or 'not set'} and is {now or 'not set'}"
        for name, (then, now) in restored.other_settings.items()
    ]
    return [
        f"Restored: {rows:,} rows and {stored:,} stored files, as of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC.",
        *(["These settings are not those of the backup:", *lines] if lines else []),
        f"{restored.in_progress} items were in progress: they are dispatched again, unless the broker holds them.",
        f"Programs that follow the events by number go on after {manifest.newest_event}. People sign in again.",
        words_on_keys(restored.keys, revoked=revoke_keys),
        "Start the system: it publishes what the broker does not hold, and reports what the database does not know.",
    ]


def words_on_keys(keys: dict[str, int], *, revoked: bool) -> str:
    """Return what became of the keys and links that the backup made valid again."""
    found = ", ".join(f"{number} {what}" for what, number in keys.items())
    if revoked:
        return f"Revoked: {found}. Make new ones for those who need them."
    return (
        f"Valid as they were then: {found}, also those that were revoked since, and accounts that were closed since."
        " End them one by one, or restore again with --replace --revoke-keys."
    )
