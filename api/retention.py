"""What the REST interface no longer needs: answers for requests that are sent again."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from api.models import KeptAnswer


def old_answers(until: datetime) -> QuerySet[KeptAnswer]:
    """Return the answers that were stored before the moment."""
    return KeptAnswer.objects.filter(created_at__lt=until)


def answers_kept_since() -> datetime | None:
    """Return the moment since which answers are kept; None if they are kept for ever."""
    days = settings.RETENTION.rest_answers
    return timezone.now() - timedelta(days=days) if days else None
