"""Deletes what is older than it is kept: kinds of things, each in small steps, so that nobody has to wait for it.

A kind says what is due and removes it. Each step is one short transaction or one file. Records, which nobody may
delete, leave by one door: `Removal.delete` opens the run's row for the triggers (`events/append_only.py`), deletes,
and closes it, in one transaction.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import F, QuerySet

from events.append_only import MAY_GO
from events.clock import database_now
from events.models import Pruning, Turn

# Rows that one transaction deletes.
MOST_ROWS = 500
# A turn that is not renewed for this long is that of a dead process.
TURN_SECONDS = 60
TASK = "prune"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed, or would be: rows or files, and their bytes where they are known."""

    rows: int = 0
    bytes: int = 0

    def __add__(self, other: "Removed") -> "Removed":
        return Removed(self.rows + other.rows, self.bytes + other.bytes)


@dataclass
class Removal:
    """One run that removes what is older than `until`, by whom; records of this `record` model leave by its door."""

    until: datetime
    by: str
    record: str = ""
    run: Pruning | None = field(default=None, init=False)

    def delete(self, rows: "QuerySet[Any]") -> Removed:
        """Delete the rows and what belongs to them, in one transaction. Raises IntegrityError for what may not go."""
        if not self.record:
            return Removed(own_rows(rows.delete(), rows.model))
        run = self.run = self.run or self.begun()
        with transaction.atomic():
            Pruning.objects.filter(pk=run.pk).update(is_open=True)
            count = own_rows(rows.delete(), rows.model)
            Pruning.objects.filter(pk=run.pk).update(is_open=False, removed=F("removed") + count)
        return Removed(count)

    def begun(self) -> Pruning:
        """Return the row of this run, made before its first deletion."""
        return Pruning.objects.create(record=self.record, until=self.until, began_at=database_now(), by=self.by[:200])


def own_rows(deleted: tuple[int, dict[str, int]], model: type[models.Model]) -> int:
    """Return how many rows of the model were deleted, without what went with them."""
    return deleted[1].get(model._meta.label, 0)


class Kind(ABC):
    """A kind of things that grow with use, with how many days they are kept; 0 keeps them for ever."""

    name: str
    days: float

    @property
    def record(self) -> str:
        """Return the model if its rows are records, which leave by the door of `Removal`; else an empty text."""
        return ""

    @abstractmethod
    def weigh(self, until: datetime) -> Removed:
        """Return what is older than `until` and would be removed; nothing is changed."""

    @abstractmethod
    def remove(self, removal: Removal) -> Iterator[Removed]:
        """Remove what is due, step by step: after each, what it has removed. Safe if another process does the same."""


@dataclass
class OldRows(Kind):
    """Rows of a table: `due` returns those that are older than a moment, and is answered by an index or a small table.

    With `age`, a field that grows with the key, the table is walked from its oldest rows instead: it needs no index for
    it, and rows that are too young are not looked at.
    """

    name: str
    days: float
    due: Callable[[datetime], "QuerySet[Any]"]
    age: str = ""

    @property
    def record(self) -> str:
        """Return the model if its rows are records, else an empty text."""
        label = self.due(LONG_AGO).model._meta.label
        return label if label in MAY_GO else ""

    def weigh(self, until: datetime) -> Removed:
        """Return how many rows are due."""
        return Removed(self.due(until).count())

    def remove(self, removal: Removal) -> Iterator[Removed]:
        """Delete the rows, MOST_ROWS in a transaction."""
        due = self.due(removal.until)
        for keys in self.walked(due, removal.until) if self.age else self.repeated(due):
            yield removal.delete(due.model._base_manager.filter(pk__in=keys))

    def repeated(self, due: "QuerySet[Any]") -> Iterator[list[Any]]:
        """Yield the keys of rows that are due, until there are no more; who takes them deletes the rows."""
        before: list[Any] = []
        while (keys := list(due.order_by("pk").values_list("pk", flat=True)[:MOST_ROWS])) and keys != before:
            yield keys
            before = keys

    def walked(self, due: "QuerySet[Any]", until: datetime) -> Iterator[list[Any]]:
        """Yield the keys of rows that are due, from the oldest row up to the first page of rows that are too young."""
        pages = due.model._base_manager.order_by("pk")
        page = list(pages.values_list("pk", self.age)[:MOST_ROWS])
        while page and any(moment < until for _, moment in page):
            if keys := list(due.filter(pk__in=[pk for pk, _ in page]).values_list("pk", flat=True)):
                yield keys
            page = list(pages.filter(pk__gt=page[-1][0]).values_list("pk", self.age)[:MOST_ROWS])


# -- one at a time ---------------------------------------------------------------------------------
def take_turn() -> bool:
    """Take the turn at pruning, for TURN_SECONDS; False if another process has it."""
    now = database_now()
    Turn.objects.get_or_create(task=TASK, defaults={"until": now})
    until = now + timedelta(seconds=TURN_SECONDS)
    return Turn.objects.filter(task=TASK, until__lte=now).update(until=until) == 1


def renew_turn() -> None:
    """Keep the turn for TURN_SECONDS from now."""
    Turn.objects.filter(task=TASK).update(until=database_now() + timedelta(seconds=TURN_SECONDS))


def end_turn() -> None:
    """Give the turn back."""
    Turn.objects.filter(task=TASK).update(until=database_now())
