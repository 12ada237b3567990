"""What an organisation has spent on language models: today and in this month, by use and by model."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, Sum

from backlog.flow.model_budget import MICROS
from backlog.models import ModelCall, ModelGrant


@dataclass
class Spent:
    """Calls and US dollars: of one use, of one model, or of all together."""

    name: str = ""
    calls_today: int = 0
    today_usd: float = 0.0
    calls_this_month: int = 0
    this_month_usd: float = 0.0

    def add(self, other: "Spent") -> None:
        """Add the calls and the amounts of another one."""
        self.calls_today += other.calls_today
        self.today_usd += other.today_usd
        self.calls_this_month += other.calls_this_month
        self.this_month_usd += other.this_month_usd


@dataclass(frozen=True)
class Spending:
    """What was spent by the calls that are told, in all, by use and by model; and what is reserved and not yet told.

    Days and months are of UTC. The reserved amounts count as spent in the budgets.
    """

    total: Spent
    by_use: list[Spent]
    by_model: list[Spent]
    reserved_today_usd: float
    reserved_this_month_usd: float


def spending_of(organisation: int, today: date) -> Spending:
    """Return what the organisation has spent; two queries."""
    calls = ModelCall.objects.filter(organisation=organisation, day__gte=today.replace(day=1)).order_by()
    of_today = Q(day=today)
    lines = calls.values_list("use", "provider", "model").annotate(
        calls_today=Count("pk", filter=of_today),
        today=Sum("spent", filter=of_today),
        calls=Count("pk"),
        month=Sum("spent"),
    )
    told = [
        (use, f"{provider}:{model}", Spent("", now, (micros or 0) / MICROS, month, month_micros / MICROS))
        for use, provider, model, now, micros, month, month_micros in lines
    ]
    total = Spent()
    for _use, _model, spent in told:
        total.add(spent)
    open_grants = ModelGrant.objects.filter(organisation=organisation, spent=None, day__gte=today.replace(day=1))
    reserved = open_grants.aggregate(today=Sum("granted", filter=of_today), month=Sum("granted"))
    return Spending(
        total,
        summed((use, spent) for use, _model, spent in told),
        summed((model, spent) for _use, model, spent in told),
        (reserved["today"] or 0) / MICROS,
        (reserved["month"] or 0) / MICROS,
    )


def summed(lines: Iterable[tuple[str, Spent]]) -> list[Spent]:
    """Return one sum for each name, the most expensive of the month first."""
    sums: defaultdict[str, Spent] = defaultdict(Spent)
    for name, spent in lines:
        sums[name].name = name
        sums[name].add(spent)
    return sorted(sums.values(), key=lambda sum_: (-sum_.this_month_usd, -sum_.calls_this_month, sum_.name))
