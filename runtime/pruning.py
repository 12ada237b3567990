"""Deletes what is older than it is kept: the table of all kinds, rounds over them, and the loop that makes a round.

One process at a time makes a round; a kind that fails costs no other one. Each step is followed by a rest of several
times its length, so that a round takes no more than a part of a core and of the database.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import close_old_connections

from accounts import retention as accounts
from accounts.attempts import FORGOTTEN_AFTER
from accounts.audit_chain import seal_records
from api import retention as api
from backlog import retention as backlog
from clarifications import retention as clarifications
from events import pruning
from events import retention as events
from events.clock import database_now
from events.isolation import DATABASE_AWAY
from events.pruning import Kind, OldRows, Removal, Removed
from intake import retention as intake
from reports import retention as reports
from runtime.abandoned_groups import AbandonedGroups
from runtime.broker_log import BrokerLog
from runtime.unconfirmed import UnconfirmedActs
from webhooks import retention as webhooks

logger = logging.getLogger(__name__)

# The first round comes when the system has started; an hour is often enough for things that are kept for days.
FIRST_ROUND_SECONDS, ROUND_SECONDS = 60.0, 3600.0
# A turn is renewed well before it lapses.
RENEW_SECONDS = pruning.TURN_SECONDS / 4
# The rest after a step is this many times its length.
REST = 4


@dataclass(frozen=True)
class Outcome:
    """What a round has done, or would do, with one kind; `error` says why it stopped."""

    name: str
    days: float
    removed: Removed
    seconds: float
    error: str = ""


def kinds() -> list[Kind]:
    """Return every kind, with how long it is kept. What refers to events comes before them."""
    kept = settings.RETENTION
    return [
        OldRows("webhook deliveries", kept.deliveries, webhooks.done_deliveries, age="created_at"),
        OldRows("notices", kept.notices, clarifications.settled_notices, age="created_at"),
        backlog.OldEvents(kept.events),
        events.OldArchives(kept.archives),
        OldRows("leases", kept.leases, backlog.ended_leases),
        OldRows("unread rows", kept.rows, intake.unread_rows_of_ended),
        backlog.StoredFiles(kept.unused_files, kept.rows),
        intake.ExpiredUploads(),
        intake.OldQuarantine(settings.QUARANTINE_DAYS),
        OldRows("remembered readings", settings.REMEMBERED_READINGS_DAYS, intake.old_readings),
        OldRows("dead letters", kept.dead_letters, events.settled_letters, age="last_seen"),
        OldRows("attempts", kept.attempts, events.given_up_attempts),
        OldRows("projects set aside", kept.attempts, events.given_up_rounds),
        OldRows("REST answers", kept.rest_answers, api.old_answers),
        OldRows("sign-in attempts", FORGOTTEN_AFTER / timedelta(days=1), accounts.forgotten_attempts),
        OldRows("sessions", kept.sessions, accounts.expired_sessions),
        OldRows("lists of sessions", kept.sessions, accounts.unused_browsers),
        OldRows("unsent letters", kept.notices, accounts.unsent_letters, age="created_at"),
        OldRows("API keys", kept.ended_keys, lambda until: accounts.ended_keys(until, but=webhooks.keys_in_use())),
        OldRows("shared links", kept.ended_keys, reports.ended_links),
        UnconfirmedActs(),
        OldRows("acts decided by two people", kept.ended_keys, accounts.old_asked_acts),
        OldRows("audit log", kept.audit, accounts.old_audit_records, age="recorded_at"),
        OldRows("admin's log", kept.audit, accounts.old_log_entries, age="action_time"),
        AbandonedGroups(kept.abandoned_groups),
        BrokerLog(),
    ]


def prune(
    chosen: Sequence[Kind], *, by: str, rest: Callable[[float], bool] = lambda seconds: True
) -> Iterator[Outcome]:
    """Remove what is due of these kinds, and yield the outcome of each. Raises DATABASE_AWAY errors.

    After each step `rest` gets its seconds and returns True to go on.
    """
    renewed = time.monotonic()
    for kind in chosen:
        started, removed, error = time.monotonic(), Removed(), ""
        try:
            for step, seconds in timed_steps(kind, by):
                if time.monotonic() - renewed > RENEW_SECONDS:
                    pruning.renew_turn()
                    renewed = time.monotonic()
                removed += step
                if not rest(seconds):
                    return
        except DATABASE_AWAY:
            raise
        except Exception as problem:
            logger.exception("%s could not be pruned", kind.name)
            error = f"{type(problem).__name__}: {problem}"
        yield Outcome(kind.name, kind.days, removed, time.monotonic() - started, error)


def timed_steps(kind: Kind, by: str) -> Iterator[tuple[Removed, float]]:
    """Yield what each step has removed, and its seconds; nothing for a kind that is kept for ever."""
    if not kind.days:
        return
    removal = Removal(until=database_now() - timedelta(days=kind.days), by=by, record=kind.record)
    steps = kind.remove(removal)
    while True:
        started = time.monotonic()
        step = next(steps, None)
        if step is None:
            return
        yield step, time.monotonic() - started


def weigh(chosen: Sequence[Kind]) -> Iterator[Outcome]:
    """Yield what would be removed of each kind; nothing is changed."""
    for kind in chosen:
        started, removed, error = time.monotonic(), Removed(), ""
        try:
            if kind.days:
                removed = kind.weigh(database_now() - timedelta(days=kind.days))
        except Exception as problem:
            error = f"{type(problem).__name__}: {problem}"
        yield Outcome(kind.name, kind.days, removed, time.monotonic() - started, error)


def prune_until(stopping: threading.Event) -> None:
    """Make a round each ROUND_SECONDS until `stopping` is set."""
    stopping.wait(FIRST_ROUND_SECONDS)
    while not stopping.is_set():
        try:
            make_round(stopping)
        except DATABASE_AWAY as error:
            logger.warning("Pruning waits: %s", error)
        close_old_connections()
        stopping.wait(ROUND_SECONDS)


def make_round(stopping: threading.Event) -> None:
    """Prune every kind, unless another process does; log what was removed."""
    if not pruning.take_turn():
        return
    try:
        seal_audit_log(stopping)
        for outcome in prune(kinds(), by="Interlock", rest=lambda seconds: not stopping.wait(REST * seconds)):
            if outcome.removed.rows:
                logger.info("Pruned %s: %s", outcome.name, f"{outcome.removed.rows:,}")
    finally:
        pruning.end_turn()


def seal_audit_log(stopping: threading.Event) -> None:
    """Chain the records of the audit log that are old enough (`accounts/audit_chain.py`)."""
    for _count in seal_records():
        if stopping.is_set():
            return
