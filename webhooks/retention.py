"""What webhooks no longer need: deliveries that were made or skipped."""

from datetime import datetime

from django.db.models import QuerySet

from webhooks.models import Delivery, Endpoint

DONE = (Delivery.State.DELIVERED, Delivery.State.SKIPPED)


def done_deliveries(until: datetime) -> QuerySet[Delivery]:
    """Return the deliveries from before the moment that were made or skipped.

    Those that were given up are sent when their webhook is enabled again: they stay as long as their event.
    """
    return Delivery.objects.filter(state__in=DONE, created_at__lt=until)


def keys_in_use() -> "QuerySet[Endpoint, int | None]":
    """Return the API keys that a webhook names: without its key it would get what the key may not read."""
    return Endpoint.objects.exclude(key=None).values_list("key", flat=True)
