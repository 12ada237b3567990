"""Who is away now, and who stands in for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.absences.models import Absence
from accounts.models import User

# A stand-in who is away as well is followed by their own, up to this many people; with nobody there, nobody stands in.
MOST_STEPS = 3
COLUMNS = (
    *("person_id", "person__username", "person__is_active", "person__organisation_id", "last_day"),
    *("stand_in_id", "stand_in__username", "stand_in__is_active", "stand_in__is_service", "stand_in__organisation_id"),
)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Absent:
    """A person who is away now, the last day of that, and who is there in their place, by number and name."""

    person: int
    name: str
    last_day: date
    stand_in: int
    stand_in_name: str


def current_absences(organisations: Iterable[int] | QuerySet[Any, Any] | None) -> QuerySet[Any, dict[str, Any]]:
    """Return the rows of people of these organisations, and of superusers, who are away now; None: of everybody."""
    rows: QuerySet[Any] = Absence.objects.filter(begins_at__lte=Now(), ends_at__gt=Now())
    if organisations is not None:
        rows = rows.filter(Q(person__organisation__in=organisations) | Q(person__is_superuser=True))
    return rows.order_by("person_id").values(*COLUMNS)


def absent_people(rows: Iterable[Row]) -> dict[int, Absent]:
    """Return {number of the person: who stands in} of those rows for whom somebody does.

    No chain leads from one organisation into another, so rows of several may be mixed.
    """
    away = {row["person_id"]: row for row in rows}
    ends = {person: end_of_chain(person, away) for person in away}
    return {
        person: Absent(person, row["person__username"], row["last_day"], end["stand_in_id"], end["stand_in__username"])
        for person, row in away.items()
        if row["person__is_active"] and (end := ends[person]) is not None
    }


def end_of_chain(person: int, away: Mapping[int, Row]) -> Row | None:
    """Return the row whose stand-in is there in the person's place; None if the chain ends, turns back or is long."""
    row = away[person]
    for _step in range(MOST_STEPS):
        if not can_stand_in(row):
            return None
        if row["stand_in_id"] not in away:
            return row
        row = away[row["stand_in_id"]]
    return None


def can_stand_in(row: Row) -> bool:
    """Return True if the row's stand-in is still an active person of the same organisation."""
    is_person = row["stand_in__is_active"] and not row["stand_in__is_service"]
    return bool(is_person and row["stand_in__organisation_id"] == row["person__organisation_id"])


def absence_of(person: User) -> Absence | None:
    """Return the person's absence with its stand-in, now or to come; None if there is none, or it is over."""
    return Absence.objects.filter(person=person, ends_at__gt=Now()).select_related("stand_in").first()


def stood_in_for(person: User) -> QuerySet[Absence]:
    """Return the absences, now or to come, in which the person is named to stand in, the earliest first."""
    named = Absence.objects.filter(stand_in=person, ends_at__gt=Now(), person__is_active=True)
    return named.select_related("person").order_by("begins_at", "person_id")
