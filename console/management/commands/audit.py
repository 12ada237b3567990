"""Show, export and verify the audit log."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db.models import Q, QuerySet

from accounts.audit import AuditRecord
from accounts.audit_chain import Verified, seal_records, verify_chain
from accounts.audit_export import as_cef_line, as_json_line
from config.version import current_version
from console.operator import OperatorCommand
from events.models import Erasure
from privacy.ledger import discrepancies

LIST, EXPORT, VERIFY = "list", "export", "verify"
# Faults that are named; a log that was written anew has thousands.
MOST_NAMED = 20


class Command(OperatorCommand):
    help = (
        "List what was done to accounts, roles, keys and webhooks, newest first: when, who, what, to whom, from where."
        " `export` writes it for other programs, `verify` checks that nothing was changed in it or in the ledger."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", choices=[LIST, EXPORT, VERIFY], default=LIST, help="default: list")
        parser.add_argument("--name", default="", help="only what this account did, or what was done to it")
        parser.add_argument("--limit", type=int, default=50, help="how many lines `list` shows at most (default: 50)")
        parser.add_argument("--format", choices=["json", "cef"], default="json", help="of `export`, a line a record")
        parser.add_argument("--after", type=int, default=0, metavar="ID", help="export only records after this number")

    def handle(self, *args: Any, action: str, name: str, limit: int, **options: Any) -> None:
        if action == VERIFY:
            self.verify()
        elif action == EXPORT:
            self.export(found(name).filter(pk__gt=options["after"]), options["format"])
        else:
            for record in found(name).order_by("-pk")[: max(limit, 0)]:
                self.stdout.write(line(record))

    def export(self, records: QuerySet[AuditRecord], form: str) -> None:
        """Write every record, the oldest first."""
        version = current_version()
        for record in records.order_by("pk").iterator():
            self.stdout.write(as_json_line(record) if form == "json" else as_cef_line(record, version))

    def verify(self) -> None:
        """Seal what is due, compare log and ledger with their digests. Raises CommandError if something was changed."""
        sealed_now = sum(seal_records())
        log = verify_chain(set(Erasure.objects.values_list("account_id", flat=True)))
        events, unfit = 0, list[str]()
        for count, names in discrepancies():
            events, unfit = events + count, [*unfit, *names]
        for words in summary(log, sealed_now, events):
            self.stdout.write(words)
        faults = [*log.faults, *(f"The payload of the event {name} was changed." for name in unfit)]
        for words in faults[:MOST_NAMED]:
            self.stderr.write(words)
        if faults:
            raise CommandError(
                f"{len(faults)} records are not what was recorded. Find out who can write to the database."
            )


def summary(log: Verified, sealed_now: int, events: int) -> list[str]:
    """Return what was looked at, in lines."""
    return [
        f"Audit log: {log.sealed:,} records as they were sealed ({sealed_now:,} of them now), {log.unsealed:,} too new,"
        f" {log.erased:,} about people who were erased, {log.pruned:,} pruned.",
        f"Newest seal: {log.digest or 'none yet'}. Note it elsewhere: then nobody can write all seals anew unseen.",
        f"Ledger: {events:,} events looked at.",
    ]


def found(name: str) -> QuerySet[AuditRecord]:
    """Return the records about this account, all for an empty name."""
    about = Q(actor=name) | Q(actor__startswith=f"{name} (key ") | Q(target=name)
    return AuditRecord.objects.filter(about) if name else AuditRecord.objects.all()


def line(record: AuditRecord) -> str:
    """Return the record in one line."""
    times = f" ({record.count} times)" if record.count > 1 else ""
    parts = [f"{record.recorded_at:%Y-%m-%d %H:%M:%S}", record.actor or "nobody signed in"]
    parts += [f"{AuditRecord.Action(record.action).label}{times}", record.target or "other names"]
    return "  ".join([*parts, *filter(None, [record.details, record.address and f"from {record.address}"])])
