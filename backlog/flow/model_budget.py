"""What items may spend on language models: granted with the dispatch, and settled with the worker's completion.

A worker has no access to these tables. So the dispatch says how much its item may spend, and that much counts as spent
at once: items that are worked on at the same time cannot together spend more than is left.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Sum
from django.db.models.functions import Coalesce

from backlog.models import Item, ModelGrant
from backlog.work import ProjectWork

# The type of the items that a model may be asked for.
WRITTEN_BY_MODEL = "written_by_model"
MICROS = 1_000_000
# A number of our own, for the lock that keeps two processes from granting the same money.
GRANTING = 7_238_114_902
# A call that is said to have cost more is not believed.
MOST_USD = 1_000_000
USED = Sum(Coalesce("spent", "granted"))


def budgets_of(work: ProjectWork, items: Iterable[Item]) -> dict[UUID, int]:
    """Return what each item that a model may be asked for may spend, in millionths of a US dollar, by the item's id.

    It is the least of what is left of the budgets of its project, of its organisation in this month, and of this day.
    Three queries for all items, and none where no item is of that type or no model is set up.
    """
    asking = [item for item in items if item.item_type == WRITTEN_BY_MODEL]
    if not asking or not settings.MODELS.order:
        return dict.fromkeys((item.pk for item in asking), 0)
    lock_grants()
    left, budgets = Left(work, asking), {}
    for item in asking:
        budgets[item.pk] = left.take(item)
    return budgets


class Left:
    """What is left of the budgets of these items' projects and organisations, and of the day."""

    def __init__(self, work: ProjectWork, items: Sequence[Item]) -> None:
        access, today = settings.MODELS, work.now.date()
        grants = ModelGrant.objects.order_by()
        projects = grants.filter(project_id__in={item.project_id for item in items})
        this_month = grants.filter(day__gte=today.replace(day=1))
        organisations = this_month.filter(organisation_id__in={item.project.organisation_id for item in items})
        self.projects = left_of(access.project_usd, projects.values_list("project_id").annotate(used=USED))
        self.organisations = left_of(
            access.organisation_usd, organisations.values_list("organisation_id").annotate(used=USED)
        )
        self.day = micros(access.day_usd) - (grants.filter(day=today).aggregate(used=USED)["used"] or 0)

    def take(self, item: Item) -> int:
        """Return the budget of this item, and count it as spent for the items that follow."""
        project, organisation = item.project_id, item.project.organisation_id
        budget = max(0, min(self.projects[project], self.organisations[organisation], self.day))
        self.projects[project] -= budget
        self.organisations[organisation] -= budget
        self.day -= budget
        return budget


def left_of(budget_usd: Any, used: Iterable[tuple[Any, int]]) -> defaultdict[Any, int]:
    """Return what is left of the budget for each key; all of it for a key that has used nothing."""
    whole = micros(budget_usd)
    return defaultdict(lambda: whole, {key: whole - amount for key, amount in used})


def micros(usd: Any) -> int:
    """Return an amount of US dollars in millionths of one."""
    return int(usd * MICROS)


def lock_grants() -> None:
    """Let no other transaction grant until this one ends; on SQLite there is no other one that writes."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [GRANTING])


def note_grant(work: ProjectWork, item: Item, granted: int) -> None:
    """Record what the item's dispatch was granted."""
    if granted and item.current_dispatch:
        grant = ModelGrant(
            dispatch_id=item.current_dispatch,
            project=item.project,
            organisation_id=cast(int, item.project.organisation_id),
            day=work.now.date(),
            granted=granted,
        )
        work.add(grant)


def note_cost(work: ProjectWork, item: Item, evidence: Mapping[str, Any]) -> None:
    """Note what the worker says that the item's models cost, for `settle_grants`; nothing if that cannot be read."""
    calls = evidence.get("model_calls")
    if item.item_type != WRITTEN_BY_MODEL or item.current_dispatch is None or not isinstance(calls, list):
        return
    costs = [cost_in(call) for call in calls]
    if None not in costs:
        work.changes.model_costs[item.current_dispatch] = sum(cost for cost in costs if cost is not None)


def cost_in(call: Any) -> int | None:
    """Return the cost of a call in millionths of a US dollar, rounded up; None if the call does not state one."""
    usd = call.get("cost_usd") if isinstance(call, dict) else None
    if isinstance(usd, bool) or not isinstance(usd, int | float) or not 0 <= usd <= MOST_USD:
        return None
    return math.ceil(usd * MICROS)


def settle_grants(work: ProjectWork, costs: Mapping[UUID, int]) -> None:
    """Replace what was granted by what was spent, for each dispatch whose worker told it; one query."""
    if costs:
        for grant in work.keep_loaded(ModelGrant.objects.filter(pk__in=costs)):
            grant.spent = costs[grant.pk]
            work.change(grant, "spent")
