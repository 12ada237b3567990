"""Chains the audit log: each seal holds the digests of some rows and of the seal before, so that no row changes unseen.

Rows are sealed when they are two hours old: counts of failed sign-ins grow for an hour, and a transaction that began
earlier has ended by then. Whoever can rewrite rows and all seals after them can forge the chain, unless its newest
digest was noted elsewhere: `audit verify` prints it.
"""

import hashlib
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import takewhile

import orjson
from django.db import models, transaction
from django.db.models.functions import Now

from accounts.audit import AuditRecord

SEALED_AFTER = timedelta(hours=2)
MOST_ROWS = 500
DIGEST_BYTES = 32


class AuditSeal(models.Model):
    """The digests of the audit records from one number to another, chained to the seal before."""

    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField(unique=True)
    ids = models.JSONField()
    digests = models.BinaryField()
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"audit records {self.first_id} to {self.last_id}"

    def by_id(self) -> dict[int, bytes]:
        """Return {number of a record: its digest}."""
        packed = bytes(self.digests)
        parts = [packed[start : start + DIGEST_BYTES] for start in range(0, len(packed), DIGEST_BYTES)]
        return dict(zip(self.ids, parts, strict=True))


@dataclass
class Verified:
    """How many records are as they were sealed, how many are not sealed yet, the newest digest, and faults in words."""

    sealed: int = 0
    unsealed: int = 0
    erased: int = 0
    pruned: int = 0
    digest: str = ""
    faults: list[str] = field(default_factory=list)


def digest_of(record: AuditRecord, *, as_before: bool = False) -> bytes:
    """Return the digest of everything that the record says; `as_before` there were organisations, without that."""
    said = [record.pk, record.recorded_at, record.action, record.actor, record.actor_id, record.target]
    said += [record.target_id, record.address, record.details, record.count]
    said += [] if as_before else [record.organisation_id]
    return hashlib.sha256(orjson.dumps(said)).digest()


def chained(before: str, first_id: int, last_id: int, ids: list[int], digests: bytes) -> str:
    """Return the digest of a seal from that of the seal before and what this one holds."""
    return hashlib.sha256(orjson.dumps([before, first_id, last_id, ids]) + digests).hexdigest()


def seal_records() -> Iterator[int]:
    """Seal what is old enough, MOST_ROWS in a transaction; yield how many after each. Two processes may do so."""
    while count := seal_next():
        yield count


@transaction.atomic
def seal_next() -> int:
    """Seal the next records, and return how many; 0 if none is old enough."""
    newest = AuditSeal.objects.select_for_update().order_by("-last_id").first()
    after = AuditRecord.objects.filter(pk__gt=newest.last_id if newest else 0).order_by("pk")
    page = after.annotate(is_old=models.Q(recorded_at__lt=Now() - SEALED_AFTER))[:MOST_ROWS]
    # Up to the first that is too young: none with a lower number is left behind.
    rows = list(takewhile(lambda row: row.is_old, page))
    if not rows:
        return 0
    ids, digests = [row.pk for row in rows], b"".join(map(digest_of, rows))
    digest = chained(newest.digest if newest else "", ids[0], ids[-1], ids, digests)
    made = AuditSeal(first_id=ids[0], last_id=ids[-1], ids=ids, digests=digests, digest=digest)
    # Of two processes that found the same rows, one inserts: `last_id` is unique.
    return len(rows) if AuditSeal.objects.bulk_create([made], ignore_conflicts=True) else 0


def verify_chain(erased: Container[int | None]) -> Verified:
    """Compare every record with its seal, and every seal with the one before.

    `erased` are the numbers of accounts whose names were erased: records about these may differ. Records that are
    missing count as pruned if no older one is left.
    """
    found, before, last = Verified(), "", 0
    oldest = AuditRecord.objects.order_by("pk").values_list("pk", flat=True).first() or 0
    for seal in AuditSeal.objects.order_by("last_id").iterator(chunk_size=50):
        if chained(before, seal.first_id, seal.last_id, seal.ids, bytes(seal.digests)) != seal.digest:
            found.faults.append(f"The seal of {seal} does not fit the one before.")
        compare(seal, found, oldest, erased, after=last)
        before, last = seal.digest, seal.last_id
    found.digest, found.unsealed = before, AuditRecord.objects.filter(pk__gt=last).count()
    return found


def compare(seal: AuditSeal, found: Verified, oldest: int, erased: Container[int | None], *, after: int) -> None:
    """Compare the records from the end of the seal before up to the end of this one with their digests."""
    rows = {row.pk: row for row in AuditRecord.objects.filter(pk__gt=after, pk__lte=seal.last_id)}
    for number, digest in seal.by_id().items():
        row = rows.pop(number, None)
        if row is None and number < oldest:
            found.pruned += 1
        elif row is None:
            found.faults.append(f"The record {number} is missing.")
        elif digest in (digest_of(row), digest_of(row, as_before=True)):
            found.sealed += 1
        elif row.actor_id in erased or row.target_id in erased:
            found.erased += 1
        else:
            found.faults.append(f"The record {number} was changed after it was sealed.")
    found.faults += [f"The record {number} was added to what is sealed." for number in sorted(rows)]
