"""Leases for workers over HTTP: lease dispatched items, renew by heartbeat, and reply with the same effects as events.

A lease holds one dispatch of an item and ends at the item's deadline. After that the item times out like any other:
its dispatch is superseded, and a reply under the old lease is refused.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.absences.reading import absent_people, current_absences
from accounts.models import User
from accounts.walls import organisation_of, within_organisation
from backlog.errors import StaleLease
from backlog.flow.orchestration import project_work
from backlog.flow.replies import start_item
from backlog.models import Item, Lease
from backlog.selectors import item_in, load_projects
from backlog.states import OVER_STATUSES, ItemState
from backlog.work import ProjectWork
from events.clock import database_now
from events.envelope import Envelope, Source, require_valid_payload
from events.models import Event

# How often `lease_items` looks for free items when other workers lease the same ones at the same moment.
TRIES = 5

Effect = Callable[[ProjectWork, Item, Envelope], object]


@dataclass(frozen=True)
class Leased:
    """A leased item: the lease, the item, and the event that dispatched it."""

    lease: Lease
    item: Item
    dispatch: Event


# -- leasing ---------------------------------------------------------------------------------------
def lease_items(agent: str, *, holder: User, most: int, seconds: int) -> list[Leased]:
    """Lease up to `most` of the agent's free items for `seconds`, and record that their work has begun.

    Only items that the holder may meet: those of its organisation. Who stands in for somebody who is away finds what
    that person has leased among them.

    Safe with many callers at once: each item goes to one of them.
    """
    give_back_for_stand_in(agent, holder)
    won: list[Lease] = []
    for _try in range(TRIES):
        free = list(free_items(agent, holder).values_list("pk", "current_dispatch")[: most - len(won)])
        if not free:
            break
        won += insert_leases(free, holder=holder.get_username(), seconds=seconds)
        if len(won) >= most:
            break
    return start_leased(won, agent=agent) if won else []


def free_items(agent: str, holder: User) -> QuerySet[Item]:
    """Return the agent's dispatched items that no worker has begun or leased and the holder may do, by priority."""
    return within_organisation(holder, free_items_of([agent])).order_by("-priority", "deadline_at", "id")


def free_items_of(agents: Iterable[str]) -> QuerySet[Item]:
    """Return the dispatched items of these agents that no worker has begun or leased."""
    leased = Lease.objects.filter(dispatch_id=OuterRef("current_dispatch"))
    waiting = Item.objects.filter(
        agent_target__in=list(agents), state=ItemState.IN_PROGRESS, started_at=None, held_for=""
    )
    return waiting.filter(~Exists(leased)).exclude(project__status__in=OVER_STATUSES)


def free_counts(agents: Iterable[str]) -> dict[tuple[str, int], int]:
    """Return the number of free items for each agent and organisation; those without any are left out."""
    kinds = free_items_of(agents).order_by().values_list("agent_target", "project__organisation")
    return {(agent, organisation): number for agent, organisation, number in kinds.annotate(free=Count("pk"))}


def insert_leases(free: Sequence[tuple[UUID, UUID | None]], *, holder: str, seconds: int) -> list[Lease]:
    """Insert a lease for each (item id, dispatch id) pair and return those that were inserted.

    The dispatch id is the primary key, so of several workers one wins and the others' rows are ignored.
    """
    now = database_now()
    rows = [
        Lease(dispatch_id=dispatch, item_id=item, holder=holder, seconds=seconds, leased_at=now)
        for item, dispatch in free
        if dispatch is not None
    ]
    Lease.objects.bulk_create(rows, ignore_conflicts=True)
    return list(Lease.objects.filter(token__in=[row.token for row in rows]))


def start_leased(won: Sequence[Lease], *, agent: str) -> list[Leased]:
    """Start the leased items and return them; delete a lease whose item changed since it was found."""
    with project_work() as work:
        items = Item.objects.filter(pk__in=[lease.item_id for lease in won])
        load_projects(work, set(items.values_list("project_id", flat=True)))
        dispatches = Event.objects.in_bulk([lease.dispatch_id for lease in won], field_name="event_id")
        begun = []
        for lease in won:
            item = work.loaded(Item, lease.item_id)
            if item is None or not is_held(lease, item, work.now):
                continue
            event = reply_event(lease, item, "WORK.ITEM_STARTED", {})
            work.record_external(event)
            start_item(work, item, event)
            set_deadline_to_lease_end(work, lease, item)
            begun.append(Leased(lease, item, dispatches[lease.dispatch_id]))
        delete_leases(set(won) - {leased.lease for leased in begun})
    return begun


def delete_leases(leases: set[Lease]) -> None:
    """Delete the leases from the database."""
    if leases:
        Lease.objects.filter(pk__in=[lease.pk for lease in leases]).delete()


# -- giving back -----------------------------------------------------------------------------------
def leases_held_by(*holders: str) -> QuerySet[Lease]:
    """Return the leases of these accounts whose items they still work on."""
    at_work = Q(item__state=ItemState.IN_PROGRESS, item__held_for="", item__current_dispatch=F("dispatch_id"))
    return Lease.objects.filter(at_work, holder__in=holders)


def give_back_for_stand_in(agent: str, holder: User) -> None:
    """End the leases of those people, away now, for whom the holder stands in: the agent's items are free again.

    Not of items of which the person has told or delivered anything: it would be the work of two people then, and only
    the last of them is kept from approving it. Such a lease ends at its time.
    """
    if holder.is_service:
        return  # a machine stands in for nobody
    people = absent_people(current_absences([organisation_of(holder)])).values()
    if names := [one.name for one in people if one.stand_in == holder.pk]:
        untouched = Q(item__done_by=None) | ~Q(item__done_by__username=F("holder"))
        give_back_leases(leases_held_by(*names).filter(untouched, item__agent_target=agent))


def give_back_leases(leases: QuerySet[Lease]) -> int:
    """End these leases and return how many: their items are free again for any worker, and lose no attempt."""
    given_back = set()
    with project_work() as work:
        held = list(leases.select_related("item"))
        load_projects(work, {lease.item.project_id for lease in held})
        for lease in held:
            item = work.loaded(Item, lease.item_id)
            if item is not None and item.current_dispatch == lease.pk and item.state == ItemState.IN_PROGRESS:
                item.started_at, item.deadline_at = None, work.now + timedelta(seconds=item.timeout_seconds)
                work.change(item, "started_at", "deadline_at")
                given_back.add(lease)
        delete_leases(given_back)
    return len(given_back)


# -- replying --------------------------------------------------------------------------------------
def heartbeat(token: UUID, *, holder: str) -> tuple[Lease, Item]:
    """Renew the lease: its seconds count from now. Raises StaleLease."""
    with project_work() as work:
        lease, item = lock_lease(work, token, holder)
        set_deadline_to_lease_end(work, lease, item)
    return lease, item


def handle_reply(
    token: UUID, *, holder: str, event_type: str, payload: dict[str, Any], effect: Effect
) -> tuple[Lease, Item]:
    """Record a worker's reply as an event and apply its effect in one transaction, by the rules of the streams.

    `effect` is a function of `backlog.flow.replies`. The lease is renewed while the work goes on, else deleted.
    Raises StaleLease, InvalidEvent, or what the effect raises.
    """
    with project_work() as work:
        lease, item = lock_lease(work, token, holder)
        event = reply_event(lease, item, event_type, payload)
        work.record_external(event)
        effect(work, item, event)
        item.done_by = User.objects.filter(username=holder).first()
        work.change(item, "done_by")
        if item.state == ItemState.IN_PROGRESS and not item.held_for:
            set_deadline_to_lease_end(work, lease, item)
        else:
            delete_leases({lease})
    return lease, item


def lock_lease(work: ProjectWork, token: UUID, holder: str) -> tuple[Lease, Item]:
    """Return the holder's lease and its item, the project locked. Raises StaleLease."""
    lease = Lease.objects.filter(token=token, holder=holder).first()
    if lease is None:
        raise StaleLease(_("This lease has ended, or it belongs to another account: lease an item again."))
    item = item_in(work, lease.item_id)
    if not is_held(lease, item, work.now):
        words = _(
            "This lease has ended: its item was finished, timed out, or given to another worker. Lease an item again."
        )
        raise StaleLease(words, state=item.state)
    return lease, item


def is_held(lease: Lease, item: Item, now: datetime) -> bool:
    """Return True if the item is in progress under this lease and its deadline has not passed."""
    is_current = item.state == ItemState.IN_PROGRESS and not item.held_for and item.current_dispatch == lease.pk
    return is_current and (item.deadline_at is None or now <= item.deadline_at)


def set_deadline_to_lease_end(work: ProjectWork, lease: Lease, item: Item) -> None:
    """Set the item's deadline to the end of the lease, counted from now."""
    item.deadline_at = work.now + timedelta(seconds=lease.seconds)
    work.change(item, "deadline_at")


def reply_event(lease: Lease, item: Item, event_type: str, payload: dict[str, Any]) -> Envelope:
    """Return the reply as an event that answers the lease's dispatch. Raises InvalidEvent."""
    event = Envelope(
        event_type=event_type,
        payload={"project_id": str(item.project_id), "backlog_item_id": str(item.pk), **payload},
        source=Source(item.agent_target, lease.holder),
        correlation_id=item.project.correlation_id,
        causation_id=lease.dispatch_id,
    )
    require_valid_payload(event)
    return event
