"""How long each kind of thing is kept that grows with use: a table of named settings, each with its reason.

`docs/retention.md` lists every table and folder, and what bounds it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from environment.variables import Environment

MOST_DAYS = 36_500


@dataclass(frozen=True)
class Retention:
    """Days for which things are kept; 0 keeps them for ever."""

    # After a project's end its events stay in the database for a year: people compare with last year's request. Then
    # they are moved to a file. That file is kept unless somebody decides otherwise: it is the record.
    events: int = 365
    archives: int = 0
    # Rows that people sent are the largest and the most personal of all. A report's figures need them no more.
    rows: int = 365
    # A file may be stored for a request that is being sent, or for a dispatch whose address is good for a day.
    unused_files: int = 7
    # A worker that comes back with an ended lease is refused in either case; a week explains what it did.
    leases: int = 7
    # A client that sends a request again does it within minutes; a day covers one that was switched off overnight.
    rest_answers: int = 1
    # The owner of a receiver notices within a month what is missing. What was never delivered is kept with its event.
    deliveries: int = 30
    # “Did I get a mail?” is asked in the quarter in which it was sent.
    notices: int = 90
    # A settled dead letter explains a repair; the faults of a quarter show what comes again.
    dead_letters: int = 90
    # Both are deleted as soon as what failed succeeds; what is older than a month belongs to nothing any more.
    attempts: int = 30
    # An expired session is of no use to anybody; a day, so that a wrong clock ends nobody's.
    sessions: int = 1
    # Ended keys and links still say that they have ended; after a quarter they are unknown.
    ended_keys: int = 90
    # Who did what to accounts is deleted only where a rule of the installation says so.
    audit: int = 0
    # A consumer group that nobody reads keeps the streams from being trimmed until the broker's memory is full. A month
    # is longer than a reader is away for a reason; the log complains each hour until then.
    abandoned_groups: int = 30


def retention(env: "Environment") -> Retention:
    """Return the days that the environment sets. Raises InvalidVariable, which names a variable with a bad value."""
    known = Retention()

    def days(name: str, default: int, least: int = 0) -> int:
        return env.int(f"KEEP_{name}_DAYS", default=default, least=least, most=MOST_DAYS)

    return Retention(
        events=days("EVENTS", known.events),
        archives=days("ARCHIVES", known.archives),
        rows=days("ROWS", known.rows),
        unused_files=days("UNUSED_FILES", known.unused_files, least=2),
        leases=days("LEASES", known.leases),
        rest_answers=days("REST_ANSWERS", known.rest_answers),
        deliveries=days("DELIVERIES", known.deliveries),
        notices=days("NOTICES", known.notices),
        dead_letters=days("DEAD_LETTERS", known.dead_letters),
        attempts=days("ATTEMPTS", known.attempts),
        sessions=days("SESSIONS", known.sessions),
        ended_keys=days("ENDED_KEYS", known.ended_keys),
        audit=days("AUDIT", known.audit),
        abandoned_groups=days("ABANDONED_GROUPS", known.abandoned_groups),
    )
