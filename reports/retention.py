"""What reports no longer need: shared links that have ended."""

from datetime import datetime

from django.db.models import Q, QuerySet

from reports.models import SharedLink


def ended_links(until: datetime) -> QuerySet[SharedLink]:
    """Return the shared links that expired or were revoked before the moment."""
    return SharedLink.objects.filter(Q(expires_at__lt=until) | Q(revoked_at__lt=until))
