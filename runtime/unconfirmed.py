"""Settles acts that no second person confirmed in time as expired, which the audit log says."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet

from accounts.models import AskedAct
from accounts.second_person.deciding import WAITS_FOR, expire
from events.clock import database_now
from events.pruning import Kind, Removal, Removed


class UnconfirmedActs(Kind):
    """Acts that wait for a second person for longer than they may: what they would be done with is deleted."""

    name, days = "acts that nobody confirmed", WAITS_FOR / timedelta(days=1)

    def weigh(self, until: datetime) -> Removed:
        """Return how many acts would expire."""
        return Removed(overdue().count())

    def remove(self, removal: Removal) -> Iterator[Removed]:
        """Let them expire, in one step: they are few."""
        if count := expire(overdue()):
            yield Removed(count)


def overdue() -> QuerySet[AskedAct]:
    """Return the acts that wait although their time is over."""
    return AskedAct.objects.filter(state=AskedAct.State.WAITING, expires_at__lte=database_now())
