"""The unit of work: load and lock once, decide in memory, write in bulk, publish after the commit."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import models, transaction
from prometheus_client import Histogram

from events import bulk, ledger, outbox, statements
from events.clock import transaction_begun
from events.counting import Figures
from events.envelope import Envelope
from events.faults import fault_point
from events.isolation import TooMuchAtOnce
from events.ledger import Record
from events.models import Event, Outbox
from events.prepared import ReadAhead
from events.texts import cut_to_contract
from telemetry import requests, tracing

M = TypeVar("M", bound=models.Model)
W = TypeVar("W", bound="UnitOfWork")

# Most bytes that one transaction emits, if its work can be divided: half a second of checking and writing, well below
# the time after which PostgreSQL ends a session that is idle in its transaction.
MOST_EMITTED_BYTES = 8 * 1024 * 1024


class UnitOfWork:
    """What one transaction has loaded, changed and emitted. Nothing is written before `write`.

    `now` is the database's time at its start. `cause` is the id of the event being handled, which causes what is
    emitted meanwhile. `divisible` work is done for many objects together and can be done in parts.
    """

    def __init__(self, now: datetime, *, divisible: bool = False) -> None:
        self.now, self.divisible = now, divisible
        self.emitted_bytes = 0
        self.figures = Figures()
        self.ahead = ReadAhead()
        self.emitted: list[Record] = []
        self._loaded: dict[type[models.Model], dict[Any, models.Model]] = defaultdict(dict)
        self._added: dict[type[models.Model], list[models.Model]] = defaultdict(list)
        self._changed: dict[type[models.Model], dict[Any, models.Model]] = defaultdict(dict)
        self._changed_fields: dict[type[models.Model], set[str]] = defaultdict(set)
        self._outcomes: dict[UUID, str] = {}
        self.cause: UUID | None = None
        # The span of the event that was handled last, by its correlation: what follows from it belongs to its trace.
        self.traces: dict[UUID, str] = {}
        self.outbox_row: Outbox | None = None
        self.deleted_rows: list[int] = []

    # -- what is loaded --------------------------------------------------------------------------
    def keep_loaded(self, objects: Iterable[M]) -> list[M]:
        """Keep one object per row and return those kept: the first copy of a row wins over later ones."""
        return [self._loaded[type(o)].setdefault(o.pk, o) for o in objects]  # type: ignore[misc]

    def loaded(self, model: type[M], pk: Any) -> M | None:
        """Return the loaded or added object with this key; None if there is none. No query."""
        return self._loaded[model].get(pk)  # type: ignore[return-value]

    def all_loaded(self, model: type[M]) -> list[M]:
        """Return the loaded and added objects of the model, in the order in which they came. No query."""
        return list(self._loaded[model].values())  # type: ignore[arg-type]

    # -- what is changed -------------------------------------------------------------------------
    def add(self, obj: M) -> M:
        """Note the object to be inserted by `write`, and return it."""
        self._loaded[type(obj)][obj.pk] = obj
        self._added[type(obj)].append(obj)
        return obj

    def change(self, obj: models.Model, *fields: str) -> None:
        """Note these fields of the object to be updated by `write`."""
        self._changed[type(obj)][obj.pk] = obj
        self._changed_fields[type(obj)].update(fields)

    def note_time(self, histogram: Histogram, seconds: float) -> None:
        """Note a duration to be observed after the commit."""
        self.figures.times.append((histogram, seconds))

    # -- what is emitted -------------------------------------------------------------------------
    def emit(
        self,
        event_type: str,
        payload: Mapping[str, object],
        *,
        correlation_id: UUID,
        causation_id: UUID | None = None,
    ) -> Record:
        """Emit an event: it is written with this transaction and published after the commit.

        Raises ContractBroken, and writes nothing, if the event breaks its contract; TooMuchAtOnce if divisible work
        emits more than MOST_EMITTED_BYTES.
        """
        envelope = Envelope(
            event_type=event_type,
            payload=cut_to_contract(payload),
            correlation_id=correlation_id,
            causation_id=causation_id,
            source=ledger.own_source(),
            timestamp=self.now,
        )
        event = ledger.record_to_emit(envelope, now=self.now)
        event.traceparent = self.traces.get(correlation_id) or tracing.of_request()
        self.emitted.append(event)
        self.emitted_bytes += len(event.wire)
        if self.divisible and self.emitted_bytes > MOST_EMITTED_BYTES:
            raise TooMuchAtOnce(f"More than {MOST_EMITTED_BYTES} bytes in one transaction.")
        return event

    def record_external(self, event: Envelope) -> None:
        """Record an event that another program sent to an endpoint of ours; it becomes the cause of what follows.

        It is published with the others. Raises ContractBroken, and writes nothing, if it breaks its contract.
        """
        record = ledger.record_to_emit(event, now=self.now)
        record.traceparent = tracing.of_request()
        self.emitted.append(record)
        self.cause = event.event_id

    def supersede_command(self, event_id: UUID | None) -> None:
        """Mark the command as over: a worker that finds it later does not begin."""
        if event_id is not None:
            self.record_no_effect(event_id, Event.Outcome.IGNORED)

    def outcome_of(self, event_id: UUID) -> str:
        """Return why the event had no effect; "applied" if it had one."""
        return self._outcomes.get(event_id) or "applied"

    def record_no_effect(self, event_id: UUID, outcome: Event.Outcome) -> None:
        """Record that the event came and had no effect, and why."""
        self._outcomes[event_id] = outcome

    # -- the end ---------------------------------------------------------------------------------
    def write(self) -> None:
        """Write everything in bulk: a fixed number of statements for each model, whatever the number of rows."""
        # Updates come first: closing a row frees its unique key for a new one, such as a question's next revision.
        for model, changed in self._changed.items():
            new = {o.pk for o in self._added.get(model, ())}
            rows = [changed[pk] for pk in sorted(changed) if pk not in new]
            self.figures.note_transitions(changed.values())
            bulk.update(model, rows, self._changed_fields[model])
        for model, added in self._added.items():
            bulk.insert(model, added)
        bulk.insert(Event, self.emitted)
        self.deleted_rows = list(outbox.published.rows)
        self.outbox_row = outbox.add_row(self.emitted, now=self.now)
        ledger.note_outcomes(self._outcomes)

    def publish(self) -> None:
        """Publish the emitted events and count what was done; call this after the commit."""
        self.figures.count(self.emitted)
        if self.emitted:
            requests.note_emitted(self.emitted[0].project_id, self.emitted[0].correlation_id)
        row = self.outbox_row.pk if self.outbox_row else None
        outbox.publish_committed(self.emitted, row, deleted=self.deleted_rows)


def locked(queryset: models.QuerySet[M]) -> models.QuerySet[M]:
    """Return the queryset with its rows locked, in the order of their keys as every process does: so no deadlock."""
    return queryset.select_for_update(of=("self",)).order_by("pk")


@contextmanager
def unit_of_work(kind: type[W] = UnitOfWork, *, divisible: bool = False) -> Iterator[W]:  # type: ignore[assignment]
    """Run the block as one transaction with a unit of work; its events are published after the commit.

    Inside another transaction they are published after that one has committed. `divisible` work is done for many
    objects together; it raises TooMuchAtOnce if only a part of it fits into one transaction.
    """
    inside_another = transaction.get_connection().in_atomic_block
    with transaction.atomic():
        work = kind(transaction_begun(), divisible=divisible)
        yield work
        with statements.together():
            work.write()
            fault_point("unit.before_commit")
            if not inside_another:
                statements.commit()
    fault_point("unit.after_commit")
    if inside_another:
        transaction.on_commit(work.publish, robust=True)
    else:
        work.publish()
