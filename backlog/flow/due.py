"""The round of the clock for items: time out those past their deadline, dispatch those whose wait is over."""

from collections.abc import Sequence
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
    with project_work(divisible=len(project_ids) > 1) as work:
        load_projects(work, project_ids)
        for item in work.all_loaded(Item):
            handle_due_item(work, item)


def handle_due_item(work: ProjectWork, item: Item) -> None:
    """Time out the item or mark its project as changed, whichever is due now that the project is locked."""
    if item.project.status in OVER_STATUSES:
        return
    if item.state == ItemState.IN_PROGRESS and item.deadline_at is not None and item.deadline_at < work.now:
        time_out_item(work, item)
    elif item.state == ItemState.READY:
        work.note_change(item.project)
