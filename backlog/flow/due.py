"""What the clock brings: items past their deadline, and retries whose wait is over."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext_noop

from backlog.flow.orchestration import project_work
from backlog.flow.replies import time_out
from backlog.models import Item
from backlog.selectors import dispatchable, load_projects, overdue_projects
from backlog.states import OVER, ItemState
from backlog.work import ProjectWork
from events import rounds
from events.clock import database_now

# Projects one round takes: a short transaction, repeated every second while there is more.
ROUND = 200
NAME = gettext_noop("deadlines and dispatches")


def do_what_is_due() -> None:
    """Time out what is overdue and dispatch what waited long enough; nothing is locked when nothing is due.

    A project for which that fails is set aside, and costs the others nothing.
    """
    now, put_off = database_now(), rounds.put_off(NAME)
    overdue = overdue_projects(now, limit=ROUND, but=put_off)
    waited = dispatchable(now, automatic=True).exclude(project_id__in=put_off).values_list("project_id", flat=True)
    rounds.do_round(NAME, [*overdue, *waited[:ROUND]], attend_all)


def attend_all(project_ids: Sequence[UUID]) -> None:
    """Judge every item of these projects, in one transaction."""
    with project_work(divisible=len(project_ids) > 1) as work:
        load_projects(work, project_ids)
        for item in work.all(Item):
            attend(work, item)


def attend(work: ProjectWork, item: Item) -> None:
    """Judge one item again, now that its project is locked."""
    if item.project.status in OVER:
        return
    if item.state == ItemState.IN_PROGRESS and item.deadline_at is not None and item.deadline_at < work.now:
        time_out(work, item)
    elif item.state == ItemState.READY:
        work.note_change(item.project)
