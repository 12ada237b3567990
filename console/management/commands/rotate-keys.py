# ruff: noqa: N999
"""Encrypt all stored secrets anew, with a new key."""

import time
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import CommandError

from console.operator import OperatorCommand
from encryption.errors import EncryptionError
from encryption.rotation import Progress, erase_free_pages, rotate_keys


class Command(OperatorCommand):
    help = (
        "Make a new key and encrypt all stored secrets with it, while the system runs. It can be broken off and run"
        " again. Also moves to the encrypted columns what earlier releases stored in the clear."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--drop-lost",
            action="store_true",
            help="delete the values that no key opens; webhooks then need new secrets",
        )
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, drop_lost: bool, json: bool, **options: Any) -> None:
        started, progress = time.monotonic(), Progress()
        try:
            for table in rotate_keys(progress, drop_lost=drop_lost):
                self.stderr.write(
                    f"{table}: {progress.rows[table]:,} rows", ending="\r" if self.stderr.isatty() else "\n"
                )
        except EncryptionError as error:
            raise CommandError(f"{error} Nothing was encrypted anew.") from error
        is_clean = erase_free_pages()
        if json:
            self.stdout.write(orjson.dumps({**asdict(progress), "is_clean": is_clean}).decode())
        else:
            self.stdout.write("\n".join(summary(progress, time.monotonic() - started, is_clean=is_clean)))
        if progress.lost and not drop_lost:
            raise CommandError(
                f"{len(progress.lost)} values cannot be opened, the first one because: {progress.lost[0]} Bring the key"
                f" back, or delete these values with `{settings.COMMAND} rotate-keys --drop-lost`."
            )


def summary(progress: Progress, seconds: float, *, is_clean: bool) -> list[str]:
    """Return what was done, in lines."""
    lines = [f"{table}: {count:,} rows encrypted anew" for table, count in progress.rows.items()]
    lines.append(f"{sum(progress.rows.values()):,} rows in {seconds:.1f} s; {progress.keys_retired} old keys deleted.")
    if progress.keys_left:
        lines.append(
            f"{progress.keys_left} old keys still open what was written with them in the last hour: the next run"
            " deletes them."
        )
    if not is_clean:
        lines.append(
            "SQLite could not write its file anew, because other processes use it: deleted values may still be read"
            f" in it. End the system and run `{settings.COMMAND} rotate-keys` again."
        )
    return lines
