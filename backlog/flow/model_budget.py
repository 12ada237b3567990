"""What items may spend on language models: granted with the dispatch, and settled with the worker's completion.

A worker has no access to these tables. So the dispatch says how much its item may spend, and that much counts as spent
at once: items that are worked on at the same time cannot together spend more than is left.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, cast
from uuid import UUID, uuid5

from django.conf import settings
from django.db import connection
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from backlog.flow.model_switch import switches_of
from backlog.models import Item, ModelCall, ModelGrant
from backlog.states import ItemState
from backlog.work import ProjectWork, ToldCall

# The type of the items that a model may be asked for, and of those that only go on with what a model wrote.
WRITTEN_BY_MODEL, FOLLOWS_MODEL = "written_by_model", "follows_model"
MICROS = 1_000_000
# A number of our own, for the lock that keeps two processes from granting the same money.
GRANTING = 7_238_114_902
# A call that is said to have cost more is not believed.
MOST_USD = 1_000_000
USED = Sum(Coalesce("spent", "granted"))
# The texts of a call that are recorded, and their longest lengths: a worker may say anything.
CALL_TEXTS = (("prompt", 60), ("provider", 20), ("model", 200))
# Items in these states are not dispatched any more, or have their grant already.
PAST_GRANTING = {ItemState.IN_PROGRESS, ItemState.DONE, ItemState.CANCELLED}


def budgets_of(work: ProjectWork, items: Iterable[Item]) -> dict[UUID, int]:
    """Return what each item that a model may be asked for may spend, in millionths of a US dollar, by the item's id.

    It is the least of the item's share in what is left of its project's budget, and of what is left of the budgets of
    its organisation in this month and on this day, and of the installation on this day. An item whose organisation has
    switched models off has none. Up to four queries for all items, and none where no item is of that type or no model
    is set up.
    """
    asking = [item for item in items if item.item_type == WRITTEN_BY_MODEL]
    if not asking or not settings.MODELS.order:
        return dict.fromkeys((item.pk for item in asking), 0)
    switches = switches_of(work, {organisation_of(item) for item in asking})
    permitted = [item for item in asking if (switch := switches[organisation_of(item)]) and switch.is_on]
    if not permitted:
        return {}
    lock_grants()
    left = Left(work, permitted)
    return {item.pk: left.take(item) for item in permitted}


class Left:
    """What is left of the budgets of these items' projects and organisations, and of the day."""

    def __init__(self, work: ProjectWork, items: Sequence[Item]) -> None:
        access, today = settings.MODELS, work.now.date()
        grants = ModelGrant.objects.order_by()
        projects = grants.filter(project_id__in={item.project_id for item in items})
        self.projects = left_of(access.project_usd, projects.values_list("project_id").annotate(used=USED))
        self.waiting = Counter({item.project_id: number_waiting(item) for item in items})
        self.months, self.days = self.left_of_organisations(work, {organisation_of(item) for item in items})
        self.day = micros(access.day_usd) - (grants.filter(day=today).aggregate(used=USED)["used"] or 0)
        for grant, amount in work.model_amounts:
            self.use(grant, amount, today)

    def use(self, grant: ModelGrant, amount: int, today: date) -> None:
        """Count an amount of the grant as spent."""
        self.projects[grant.project_id] -= amount
        if grant.organisation_id in self.months and grant.day >= today.replace(day=1):
            self.months[grant.organisation_id] -= amount
        if grant.day == today:
            self.day -= amount
            if grant.organisation_id in self.days:
                self.days[grant.organisation_id] -= amount

    def left_of_organisations(self, work: ProjectWork, numbers: set[int]) -> tuple[dict[int, int], dict[int, int]]:
        """Return what is left for each organisation in this month, and on this day."""
        access, today = settings.MODELS, work.now.date()
        this_month = ModelGrant.objects.order_by().filter(organisation_id__in=numbers, day__gte=today.replace(day=1))
        of_today = Sum(Coalesce("spent", "granted"), filter=Q(day=today))
        used = {number: (month, day or 0) for number, month, day in
                this_month.values_list("organisation_id").annotate(used=USED, today=of_today)}  # fmt: skip
        months, days = {}, {}
        for number in numbers:
            switch, (month, day) = switches_of(work, [number])[number], used.get(number, (0, 0))
            months[number] = micros(least(access.organisation_usd, switch and switch.month_usd)) - month
            days[number] = micros(least(access.day_usd, switch and switch.day_usd)) - day
        return months, days

    def take(self, item: Item) -> int:
        """Return the budget of this item, and count it as spent for the items that follow."""
        project, organisation = item.project_id, organisation_of(item)
        share = self.projects[project] // max(1, self.waiting[project])
        budget = max(0, min(share, self.months[organisation], self.days[organisation], self.day))
        self.waiting[project] -= 1
        self.projects[project] -= budget
        self.months[organisation] -= budget
        self.days[organisation] -= budget
        self.day -= budget
        return budget


def number_waiting(item: Item) -> int:
    """Return how many items of the item's project a model may still be asked for; they share what is left, evenly."""
    asking = [other for other in item.project.members if other.item_type == WRITTEN_BY_MODEL]
    return sum(other.state not in PAST_GRANTING for other in asking)


def organisation_of(item: Item) -> int:
    """Return the number of the organisation of the item's project."""
    return cast(int, item.project.organisation_id)


def least(most: Any, own: Any) -> Any:
    """Return the smaller of the environment's budget and the organisation's own, where it has one."""
    return most if own is None else min(most, own)


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
            organisation_id=organisation_of(item),
            day=work.now.date(),
            granted=granted,
        )
        work.add(grant)
        work.model_amounts.append((grant, granted))


def note_calls(work: ProjectWork, item: Item, evidence: Mapping[str, Any]) -> None:
    """Note the calls to models that the worker tells, for `settle_grants`; none if one of them cannot be read."""
    told = evidence.get("model_calls")
    if item.item_type != WRITTEN_BY_MODEL or item.current_dispatch is None or not isinstance(told, list):
        return
    calls = [call_in(call) for call in told]
    if None not in calls:
        work.changes.model_calls[item.current_dispatch] = [call for call in calls if call is not None]


def call_in(told: Any) -> ToldCall | None:
    """Return a call as it is recorded, its cost rounded up; None if it does not state its cost."""
    usd = told.get("cost_usd") if isinstance(told, dict) else None
    if isinstance(usd, bool) or not isinstance(usd, int | float) or not 0 <= usd <= MOST_USD:
        return None
    use, provider, model = (seen(told.get(key))[:most] for key, most in CALL_TEXTS)
    return ToldCall(use, provider, model, math.ceil(usd * MICROS))


def seen(text: Any) -> str:
    """Return the signs of a text that can be seen and stored; empty for anything else."""
    return "".join(filter(str.isprintable, text)) if isinstance(text, str) else ""


def settle_grants(work: ProjectWork, calls: Mapping[UUID, Sequence[ToldCall]]) -> None:
    """Replace what was granted by what was spent, for each dispatch whose worker told it, and record its calls.

    One query.
    """
    if not calls:
        return
    for grant in work.keep_loaded(ModelGrant.objects.filter(pk__in=calls)):
        told = calls[grant.pk]
        counted = grant.granted if grant.spent is None else grant.spent
        grant.spent = sum(call.spent for call in told)
        work.model_amounts.append((grant, grant.spent - counted))
        work.change(grant, "spent")
        about = {"project_id": grant.project_id, "organisation_id": grant.organisation_id, "day": grant.day}
        for place, call in enumerate(told):
            work.add(ModelCall(id=uuid5(grant.pk, f"model call {place}"), **about, **vars(call)))
