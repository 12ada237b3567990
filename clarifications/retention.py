"""What clarifications no longer need: the records of mails that were sent, given up or not wanted any more."""

from datetime import datetime

from django.db.models import QuerySet

from clarifications.models import Notice


def settled_notices(until: datetime) -> QuerySet[Notice]:
    """Return the notices from before the moment that are not waiting to be sent."""
    return Notice.objects.exclude(state=Notice.State.PENDING).filter(created_at__lt=until)
