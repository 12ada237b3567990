"""Quotas: how much an organisation may use of an installation that it shares with others.

A row exists for an organisation that has a limit; without one nothing is bounded, and nothing is counted. Each process
reads all limits at once and keeps them for FRESH_SECONDS, so that no request costs a query more. What was opened and
stored is counted in the row itself, under its lock, so that no count grows with what there is.
"""

import time
from dataclasses import dataclass, field

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.organisations import Organisation

# How long a process goes on with the limits that it has read.
FRESH_SECONDS = 10.0


@dataclass(frozen=True)
class Limits:
    """How much an organisation may use; None: as much as it likes.

    Projects are those opened in a calendar month (UTC); bytes those of the rows that are kept for its projects; calls
    are requests of REST in a minute; connections are event streams and live pages open at once in a web process.
    """

    projects_a_month: int | None = None
    bytes_stored: int | None = None
    calls_a_minute: int | None = None
    open_connections: int | None = None


NO_LIMITS = Limits()
NAMES = tuple(Limits.__dataclass_fields__)


class Quota(models.Model):
    """The limits of one organisation, and what it has used of those that are counted in the database."""

    organisation = models.OneToOneField(
        Organisation, verbose_name=_("organisation"), on_delete=models.PROTECT, related_name="quota"
    )
    projects_a_month = models.PositiveBigIntegerField(_("projects a month"), null=True, blank=True)
    bytes_stored = models.PositiveBigIntegerField(_("bytes stored"), null=True, blank=True)
    calls_a_minute = models.PositiveBigIntegerField(_("REST calls a minute"), null=True, blank=True)
    open_connections = models.PositiveBigIntegerField(_("open streams and live pages"), null=True, blank=True)

    # Of which month the projects are counted: its first day.
    month = models.DateField(null=True, editable=False)
    projects_used = models.PositiveBigIntegerField(default=0, editable=False)
    bytes_used = models.PositiveBigIntegerField(default=0, editable=False)
    counted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("quota")
        verbose_name_plural = _("quotas")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.organisation_id}: {self.limits}"

    @property
    def limits(self) -> Limits:
        """Return the limits alone."""
        return Limits(**{name: getattr(self, name) for name in NAMES})


@dataclass
class KnownLimits:
    """The limits of all organisations that have any, as this process has read them."""

    rows: dict[int, Limits] = field(default_factory=dict)
    read_until: float = 0.0

    def of(self, organisation: int) -> Limits:
        """Return the organisation's limits; one query where they were read too long ago."""
        if time.monotonic() >= self.read_until:
            rows = {row.organisation_id: row.limits for row in Quota.objects.all()}
            self.rows, self.read_until = rows, time.monotonic() + FRESH_SECONDS
        return self.rows.get(organisation, NO_LIMITS)


known = KnownLimits()


def limits_of(organisation: int) -> Limits:
    """Return the limits of the organisation; a change of another process counts after FRESH_SECONDS at the latest."""
    return known.of(organisation)


def forget_limits() -> None:
    """Have this process read the limits again."""
    known.read_until = 0.0
