"""What a restored database says about work in hand is not true any more: whoever did it has no part in this system."""

from datetime import timedelta

from backlog.models import Item, Lease
from backlog.states import ItemState
from events.clock import database_now


def begin_again() -> int:
    """Have every item in progress count as not begun, with all of its time; return how many there are.

    The relay looks up such dispatches in the broker and publishes those that it does not hold. A worker that still
    answers one of them is heard: replies have the same ids. Items that are held over HTTP stay with their workers.
    """
    in_progress = Item.objects.filter(state=ItemState.IN_PROGRESS)
    items = in_progress.exclude(current_dispatch__in=Lease.objects.values("dispatch_id"))
    now = database_now()
    return sum(
        items.filter(timeout_seconds=seconds).update(started_at=None, deadline_at=now + timedelta(seconds=seconds))
        for seconds in list(items.values_list("timeout_seconds", flat=True).distinct().order_by())
    )
