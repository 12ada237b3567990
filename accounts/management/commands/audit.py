"""Show the audit log."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Q

from accounts.audit import AuditRecord


class Command(BaseCommand):
    help = (
        "List what was done to accounts, roles, keys and webhooks, newest first: when, who, what, to whom, from where."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", default="", help="only what this account did, or what was done to it")
        parser.add_argument("--limit", type=int, default=50, help="how many lines at most (default: 50)")

    def handle(self, *args: Any, name: str, limit: int, **options: Any) -> None:
        found = AuditRecord.objects.order_by("-pk")
        if name:
            found = found.filter(Q(actor=name) | Q(actor__startswith=f"{name} (key ") | Q(target=name))
        for record in found[: max(limit, 0)]:
            self.stdout.write(line(record))


def line(record: AuditRecord) -> str:
    """Return the record in one line."""
    times = f" ({record.count} times)" if record.count > 1 else ""
    parts = [f"{record.recorded_at:%Y-%m-%d %H:%M:%S}", record.actor or "nobody signed in"]
    parts += [f"{AuditRecord.Action(record.action).label}{times}", record.target or "other names"]
    return "  ".join([*parts, *filter(None, [record.details, record.address and f"from {record.address}"])])
