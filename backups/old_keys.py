"""What a restore makes valid again: keys and links that were revoked after the backup was made are as they were in it.

Nobody knows which of them were revoked. So whoever restores is told how many there are, and may have all of them end.
"""

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import ApiKey
from accounts.recorded import RecordedQuerySet
from events.models import Producer
from reports.models import SharedLink


def valid_again() -> dict[str, RecordedQuerySet[Any]]:
    """Return {what: rows} of the keys and links of the database that are neither revoked nor expired."""
    is_valid = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
    return {
        "API keys": ApiKey.objects.filter(is_valid),
        "keys of producers": Producer.objects.filter(is_valid),
        "shared links": SharedLink.objects.filter(is_valid),
    }


def count_valid_again(*, revoke: bool) -> dict[str, int]:
    """Return {what: how many} of those keys and links; with `revoke` they end, each with a line in the audit log."""
    with transaction.atomic():
        found = valid_again()
        if revoke:
            return {what: rows.update(revoked_at=timezone.now()) for what, rows in found.items()}
        return {what: rows.count() for what, rows in found.items()}
