"""Write everything that is needed to go on elsewhere to one file, or check such a file."""

import signal
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import orjson

from backups.archive import opened_archive
from backups.making import backup_path, make_backup
from backups.manifest import Manifest
from console.operator import OperatorCommand
from console.progress import shown_progress


class Command(OperatorCommand):
    help = "Write the database, the stored rows and the settings without secrets to one file, while the system runs."
    # A backup is needed most where something is wrong.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", default="", metavar="FILE|FOLDER", help="where to; by default DATA_DIR/backups")
        parser.add_argument("--verify", metavar="FILE", help="write nothing, and check that this backup is whole")
        parser.add_argument("--json", action="store_true", help="print the file's name and its manifest as JSON")

    def handle(self, *args: Any, to: str, verify: str | None, json: bool, **options: Any) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        path = Path(verify) if verify else backup_path(to)
        with shown_progress(self.stderr) as report:
            if verify:
                with opened_archive(path, report) as archive:
                    manifest = archive.manifest
            else:
                manifest = make_backup(path, report)
        if json:
            self.stdout.write(orjson.dumps({"file": str(path), **manifest.model_dump(mode="json")}).decode())
        else:
            self.stdout.write(summary(path, manifest))


def summary(path: Path, manifest: Manifest) -> str:
    """Return what is in the backup, in words."""
    size, rows, stored = path.stat().st_size, sum(manifest.counts.values()), len(manifest.stored)
    lines = [
        f"{path}: whole, {size:,} bytes, of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC",
        f"Interlock {manifest.version} on {manifest.database}: {rows:,} rows, {stored:,} stored files",
    ]
    if manifest.missing_artifacts:
        missing = len(manifest.missing_artifacts)
        lines.append(f"Rows name {missing} artifacts that were not stored any more: they were pruned, or are lost.")
    return "\n".join(lines)
