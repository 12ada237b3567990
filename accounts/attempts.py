"""Counts failed sign-ins by account and by address, and makes who fails often wait.

An attempt is counted before the password is looked at, so that many at the same moment count too, and taken back when
the password was right. Two failures are free; then the wait grows: 1, 2, 4 … seconds, from the tenth on 15 minutes.
Counted are

- the account together with the address: who guesses there waits, and nobody else does;
- the account, whatever the address, with more room: guesses from many addresses. An address from which the account has
  signed in lately does not wait for these, so nobody can lock a person out;
- the address, with still more room, since many people may share one.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import ngettext

# Failures without a wait that grows, of an account from one address, of an account from all, of an address.
FREE_OF_PAIR, FREE_OF_ACCOUNT, FREE_OF_ADDRESS = 2, 20, 50
DOUBLINGS = 7
LONGEST_WAIT = timedelta(minutes=15)
# A count ends when nothing failed for this long; an address is known to an account for this long.
FORGOTTEN_AFTER = timedelta(hours=24)
KNOWN_FOR = timedelta(days=30)


class SignInRefused(Exception):
    """The attempt is not looked at; the message says when to try again."""


class SignInAttempts(models.Model):
    """The failed sign-ins of one account, address, or both together; `key` is a digest, so no name is stored."""

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(db_index=True)
    # When the account last signed in from the address; only where both are counted together.
    succeeded_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.key[:8]}: {self.failures}"

    def waits_until(self, free: int) -> datetime:
        """Return until when a further attempt is refused, with so many failures free of a wait."""
        counted = self.failures - free
        if counted <= 0:
            return self.last_at
        wait = LONGEST_WAIT if counted > DOUBLINGS else timedelta(seconds=2 ** (counted - 1))
        return self.last_at + min(wait, LONGEST_WAIT)


class Attempt(NamedTuple):
    """The keys under which one attempt is counted, with the failures that are free of a wait."""

    pair: str
    account: str
    address: str

    @classmethod
    def of(cls, name: str, address: str, *, on: str = "") -> "Attempt":
        """Return the keys of an attempt on the account of this name from this address.

        What is tried `on` something else than the password is counted apart: the right password forgets none of it.
        """
        folded = name.casefold()
        kinds = [f"{on} {kind}".strip() for kind in ("pair", "account", "address")]
        return cls(digest(kinds[0], folded, address), digest(kinds[1], folded), digest(kinds[2], address))


def digest(*parts: str) -> str:
    """Return a digest of the parts that says nothing about them to who does not know SECRET_KEY."""
    return sha256("\0".join((settings.SECRET_KEY, *parts)).encode("utf-8", "replace")).hexdigest()


def count(attempt: Attempt) -> None:
    """Count the attempt as failed until it is known to be right. Raises SignInRefused, and then counts nothing."""
    now = timezone.now()
    with transaction.atomic():
        SignInAttempts.objects.bulk_create(
            [SignInAttempts(key=key, last_at=now) for key in sorted(attempt)], ignore_conflicts=True
        )
        locked = SignInAttempts.objects.select_for_update().filter(key__in=attempt).order_by("key")
        rows = {row.key: row for row in locked}
        until = waits_until(attempt, rows, now)
        if until <= now:
            SignInAttempts.objects.filter(key__in=attempt).update(failures=F("failures") + 1, last_at=now)
            return
    raise SignInRefused(in_words(until - now))


def waits_until(attempt: Attempt, rows: dict[str, SignInAttempts], now: datetime) -> datetime:
    """Return until when the attempt is refused; a time that has passed if it is not."""
    for row in rows.values():
        if row.last_at < now - FORGOTTEN_AFTER:
            row.failures = 0
            SignInAttempts.objects.filter(pk=row.pk).update(failures=0)
    pair = rows[attempt.pair]
    times = [pair.waits_until(FREE_OF_PAIR), rows[attempt.address].waits_until(FREE_OF_ADDRESS)]
    if pair.succeeded_at is None or pair.succeeded_at < now - KNOWN_FOR:
        times.append(rows[attempt.account].waits_until(FREE_OF_ACCOUNT))
    return max(times)


def forget(attempt: Attempt) -> None:
    """Forget the failures of the account, since its password was right; that of the address counts no failure more."""
    now = timezone.now()
    SignInAttempts.objects.filter(key=attempt.pair).update(failures=0, succeeded_at=now)
    SignInAttempts.objects.filter(key=attempt.account).update(failures=0)
    SignInAttempts.objects.filter(key=attempt.address, failures__gt=0).update(failures=F("failures") - 1)
    prune_attempts()


def prune_attempts() -> int:
    """Delete what counts no longer and return how many rows that was. Idempotent."""
    now = timezone.now()
    known = Q(succeeded_at__gte=now - KNOWN_FOR)
    deleted, _models = SignInAttempts.objects.exclude(known).filter(last_at__lt=now - FORGOTTEN_AFTER).delete()
    return deleted


def in_words(wait: timedelta) -> str:
    """Return what to tell somebody who has to wait."""
    seconds = int(wait.total_seconds()) + 1
    if seconds < 60:
        words = ngettext(
            "Too many attempts. Try again in %(n)s second.", "Too many attempts. Try again in %(n)s seconds.", seconds
        )
        return words % {"n": seconds}
    minutes = -(-seconds // 60)
    words = ngettext(
        "Too many attempts. Try again in %(n)s minute.", "Too many attempts. Try again in %(n)s minutes.", minutes
    )
    return words % {"n": minutes}
