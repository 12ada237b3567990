"""The round of the clock for items: time out those past their deadline, dispatch those whose wait is over."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.utils.translation import gettext_noop

from backlog.flow.orchestration import project_work
from backlog.flow.replies import time_out_item
from backlog.models import Item
from backlog.selectors import dispatchable_items, load_projects, overdue_projects
from backlog.states import OVER_STATUSES, ItemState
from backlog.work import ProjectWork
from events import rounds
from events.clock import database_now
from events.lost_dispatches import waiting_in_queues
from events.streams import BROKER_ERRORS

# The most projects of one round, so that its transaction stays short; a round is done every second.
MOST_IN_A_ROUND = 200
ROUND_NAME = gettext_noop("deadlines and dispatches")


def do_what_is_due() -> None:
    """Time out overdue items and dispatch items whose wait is over; take no lock if no item is due.

    A project for which this fails is set aside with its reason, and the other projects are still handled.
    """
    now, left_out = database_now(), rounds.left_out_projects(ROUND_NAME)
    overdue = overdue_projects(now, limit=MOST_IN_A_ROUND, excluding=left_out)
    waited = (
        dispatchable_items(now, automatic=True).exclude(project_id__in=left_out).values_list("project_id", flat=True)
    )
    rounds.do_round(ROUND_NAME, [*overdue, *waited[:MOST_IN_A_ROUND]], handle_due_projects)


def handle_due_projects(project_ids: Sequence[UUID]) -> None:
    """Time out or advance every item of these projects that is due, in one transaction."""
    queued = queued_dispatches(project_ids)
    with project_work(divisible=len(project_ids) > 1) as work:
        load_projects(work, project_ids)
        for item in work.all_loaded(Item):
            handle_due_item(work, item, queued)


def queued_dispatches(project_ids: Sequence[UUID]) -> set[UUID]:
    """Return those overdue dispatches of the projects that nobody has begun and that still wait in a queue.

    Their time does not run: the agent's workers have others to do first. While the broker is away all of them wait.
    """
    overdue = Item.objects.filter(
        project_id__in=project_ids,
        state=ItemState.IN_PROGRESS,
        started_at=None,
        held_for=Item.Held.NO,
        deadline_at__lt=database_now(),
    )
    found = overdue.values_list("current_dispatch", "agent_target")
    dispatches = {dispatch: agent for dispatch, agent in found if dispatch is not None}
    try:
        return waiting_in_queues(dispatches)
    except BROKER_ERRORS:
        return set(dispatches)


def handle_due_item(work: ProjectWork, item: Item, queued: set[UUID]) -> None:
    """Time out the item, move its deadline on, or mark its project as changed, whichever is due under its lock."""
    if item.project.status in OVER_STATUSES:
        return
    if item.state == ItemState.IN_PROGRESS and item.deadline_at is not None and item.deadline_at < work.now:
        if item.current_dispatch in queued and item.started_at is None:
            item.deadline_at = work.now + timedelta(seconds=item.timeout_seconds)
            work.change(item, "deadline_at")
        else:
            time_out_item(work, item)
    elif item.state == ItemState.READY:
        work.note_change(item.project)
