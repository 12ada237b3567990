"""List, show and verify the archives: files with the events of projects that ended long ago."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from rich.table import Table

from backlog.models import Project
from console.operator import OperatorCommand, row_with_id
from events import archives
from events.models import Archive

MEGABYTE = 1_000_000


class Command(OperatorCommand):
    help = "List archives, show the events in them as JSON lines, or verify that their files are as they were written."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["list", "show", "verify"])
        parser.add_argument("--project", metavar="ID", help="only the archive of this project, or only its events")

    def handle(self, *args: Any, action: str, project: str | None, **options: Any) -> None:
        chosen = row_with_id(Project.objects.all(), project, see="projects") if project else None
        if chosen is not None and chosen.archive is None:
            raise CommandError(
                f"The events of project {chosen.pk} are not archived: see `{settings.COMMAND} project {chosen.pk}`."
            )
        found = [chosen.archive] if chosen and chosen.archive else Archive.objects.order_by("pk").iterator()
        getattr(self, f"do_{action}")(found, chosen)

    def do_list(self, found: "Iterator[Archive]", project: Project | None) -> None:
        table = Table("file", "projects", "events", "MB", "verified", "state")
        for archive in found:
            verified = f"{archive.verified_at:%Y-%m-%d %H:%M}" if archive.verified_at else ""
            size = f"{archive.size / MEGABYTE:,.1f}"
            counts = (f"{len(archive.projects):,}", f"{archive.events:,}", size)
            table.add_row(str(archives.path_of(archive)), *counts, verified, state_of(archive))
        if table.row_count:
            self.console.print(table)
        self.stdout.write(f"{table.row_count} archives")

    def do_show(self, found: "Iterator[Archive]", project: Project | None) -> None:
        for archive in found:
            for line in archives.archived_events(archive, project.pk if project else None):
                self.stdout.write(line.decode(), ending="")

    def do_verify(self, found: "Iterator[Archive]", project: Project | None) -> None:
        damaged = 0
        for archive in found:
            if archive.verified_at is None or archive.removed_at is not None:
                self.stdout.write(f"{archive}: {state_of(archive)}")
                continue
            try:
                archives.verify(archive)
            except archives.ArchiveDamaged as error:
                damaged += 1
                self.stdout.write(f"{archive}: {error}")
            else:
                self.stdout.write(f"{archive}: {archive.events:,} events, as they were written")
        if damaged:
            raise CommandError(f"{damaged} archives are damaged: restore their files from a copy.")


def state_of(archive: Archive) -> str:
    """Return in words how far the archive has come."""
    if archive.removed_at:
        return f"deleted at {archive.removed_at:%Y-%m-%d}"
    if archive.emptied_at:
        return "complete"
    return "its events are being deleted from the database" if archive.verified_at else "being written"
