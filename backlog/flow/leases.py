"""Work over HTTP: a worker leases dispatched items, shows that it is alive, and replies as one on the streams does.

A lease is the dispatch of an item and ends at the item's deadline. Past it the item times out by the same rule as any
other: its dispatch is superseded, and what a late worker says is refused.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from backlog.errors import StaleLease
from backlog.flow.orchestration import project_work
from backlog.flow.replies import start_item
from backlog.models import Item, Lease
from backlog.selectors import item_in, load_projects
from backlog.states import OVER, ItemState
from backlog.work import ProjectWork
from events.clock import database_now
from events.envelope import Envelope, Source, require_valid_payload
from events.models import Event

# A worker that meets others at the same items looks again so often before it goes away with less.
TRIES = 5

Effect = Callable[[ProjectWork, Item, Envelope], object]


@dataclass(frozen=True)
class Leased:
    """An item in a worker's hands: the lease, the item, and what the dispatch says."""

    lease: Lease
    item: Item
    dispatch: Event


# -- taking ----------------------------------------------------------------------------------------
def take(agent: str, *, holder: str, most: int, seconds: int) -> list[Leased]:
    """Lease at most so many of the agent's dispatched items for so many seconds; of all who ask, one gets each."""
    won: list[Lease] = []
    for _try in range(TRIES):
        found = list(free_items(agent).values_list("pk", "current_dispatch")[: most - len(won)])
        if not found:
            break
        won += claim(found, holder=holder, seconds=seconds)
        if len(won) >= most:
            break
    return begin(won, agent=agent) if won else []


def free_items(agent: str) -> QuerySet[Item]:
    """Dispatched items of the agent that no worker has begun or leased, the most urgent first."""
    return free_items_of([agent]).order_by("-priority", "deadline_at", "id")


def free_items_of(agents: Iterable[str]) -> QuerySet[Item]:
    """Dispatched items of these agents that no worker has begun or leased."""
    leased = Lease.objects.filter(dispatch_id=OuterRef("current_dispatch"))
    waiting = Item.objects.filter(
        agent_target__in=list(agents), state=ItemState.IN_PROGRESS, started_at=None, held_for=""
    )
    return waiting.filter(~Exists(leased)).exclude(project__status__in=OVER)


def free_counts(agents: Iterable[str]) -> dict[str, int]:
    """How many free items each of these agents has; one without any is left out."""
    free = free_items_of(agents).order_by().values("agent_target").annotate(free=Count("pk"))
    return {row["agent_target"]: row["free"] for row in free}


def claim(found: Sequence[tuple[UUID, UUID | None]], *, holder: str, seconds: int) -> list[Lease]:
    """Those of the (item, dispatch) pairs that nobody else leased: the dispatch is the key, so one wins."""
    now = database_now()
    rows = [
        Lease(dispatch_id=dispatch, item_id=item, holder=holder, seconds=seconds, leased_at=now)
        for item, dispatch in found
        if dispatch is not None
    ]
    Lease.objects.bulk_create(rows, ignore_conflicts=True)
    return list(Lease.objects.filter(token__in=[row.token for row in rows]))


def begin(won: Sequence[Lease], *, agent: str) -> list[Leased]:
    """Record that the work has begun; a lease whose item moved on meanwhile is dropped."""
    with project_work() as work:
        items = Item.objects.filter(pk__in=[lease.item_id for lease in won])
        load_projects(work, set(items.values_list("project_id", flat=True)))
        dispatches = Event.objects.in_bulk([lease.dispatch_id for lease in won], field_name="event_id")
        begun = []
        for lease in won:
            item = work.known(Item, lease.item_id)
            if item is None or not is_held(lease, item, work.now):
                continue
            event = said_by(lease, item, "WORK.ITEM_STARTED", {})
            work.take(event)
            start_item(work, item, event)
            extend(work, lease, item)
            begun.append(Leased(lease, item, dispatches[lease.dispatch_id]))
        forget(set(won) - {one.lease for one in begun})
    return begun


def forget(leases: set[Lease]) -> None:
    """The leases are over."""
    if leases:
        Lease.objects.filter(pk__in=[lease.pk for lease in leases]).delete()


# -- replying --------------------------------------------------------------------------------------
def heartbeat(token: UUID, *, holder: str) -> tuple[Lease, Item]:
    """The worker is alive: the lease counts from now. Raises StaleLease."""
    with project_work() as work:
        lease, item = held(work, token, holder)
        extend(work, lease, item)
    return lease, item


def reply(token: UUID, *, holder: str, event_type: str, payload: dict[str, Any], effect: Effect) -> tuple[Lease, Item]:
    """What the worker says, on record and in effect at once, by the rules that hold on the streams.

    Raises StaleLease, InvalidEvent, or what the effect raises.
    """
    with project_work() as work:
        lease, item = held(work, token, holder)
        event = said_by(lease, item, event_type, payload)
        work.take(event)
        effect(work, item, event)
        item.done_by = User.objects.filter(username=holder).first()
        work.change(item, "done_by")
        if item.state == ItemState.IN_PROGRESS and not item.held_for:
            extend(work, lease, item)
        else:
            forget({lease})
    return lease, item


def held(work: ProjectWork, token: UUID, holder: str) -> tuple[Lease, Item]:
    """The lease and its item, the project locked. Raises StaleLease."""
    lease = Lease.objects.filter(token=token, holder=holder).first()
    if lease is None:
        raise StaleLease(_("This lease is over, or was never yours: lease the item again."))
    item = item_in(work, lease.item_id)
    if not is_held(lease, item, work.now):
        words = _("This lease is over: the item went on without you, or was given to another.")
        raise StaleLease(words, state=item.state)
    return lease, item


def is_held(lease: Lease, item: Item, now: datetime) -> bool:
    """Whether the item is still in progress by this lease."""
    is_current = item.state == ItemState.IN_PROGRESS and not item.held_for and item.current_dispatch == lease.pk
    return is_current and (item.deadline_at is None or now <= item.deadline_at)


def extend(work: ProjectWork, lease: Lease, item: Item) -> None:
    """The item's deadline is the lease's end, counted from now."""
    item.deadline_at = work.now + timedelta(seconds=lease.seconds)
    work.change(item, "deadline_at")


def said_by(lease: Lease, item: Item, event_type: str, payload: dict[str, Any]) -> Envelope:
    """The reply as an event that answers the dispatch. Raises InvalidEvent."""
    event = Envelope(
        event_type=event_type,
        payload={"project_id": str(item.project_id), "backlog_item_id": str(item.pk), **payload},
        source=Source(item.agent_target, lease.holder),
        correlation_id=item.project.correlation_id,
        causation_id=lease.dispatch_id,
    )
    require_valid_payload(event)
    return event
