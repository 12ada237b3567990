"""Isolates what fails: a step that fails for many things is done again in halves, until the bad thing is alone."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from django.db import InterfaceError, OperationalError

T = TypeVar("T")

# The database is away, locked or full: the work itself is not at fault, and is tried again later.
DATABASE_AWAY = (OperationalError, InterfaceError)
# SQLSTATEs of PostgreSQL: lock_not_available and deadlock_detected.
LOCKED = ("55P03", "40P01")


class TooMuchAtOnce(Exception):
    """These things together emit more bytes than one short transaction can hold; a part of them fits."""


class Locked(Exception):
    """Another session holds a lock that the step needs; only this thing has to wait for it."""


def in_halves(things: Sequence[T], step: Callable[[Sequence[T]], None], alone: Callable[[T, Exception], None]) -> None:
    """Do the step for all things, in order, or for halves of them where it fails; call `alone` for each bad thing.

    `step` does its work in one transaction, so that a half can be done again. `alone` gets the thing and its error.
    Raises DATABASE_AWAY errors at once: then nothing is wrong with the things.
    """
    todo = [list(things)]
    while todo:
        part = todo.pop()
        if not part:
            continue
        try:
            step(part)
        except DATABASE_AWAY:
            raise
        except Exception as error:
            if len(part) == 1:
                alone(part[0], error)
            else:
                middle = len(part) // 2
                todo += [part[middle:], part[:middle]]


def in_portions(things: Iterable[T], size: Callable[[T], int], most: int) -> Iterator[list[T]]:
    """Yield the things in order, in lists whose sizes sum up to `most` or less; a larger thing comes alone."""
    portion: list[T] = []
    left = most
    for thing in things:
        if portion and size(thing) > left:
            yield portion
            portion, left = [], most
        portion.append(thing)
        left -= size(thing)
    if portion:
        yield portion


def raising_locked(step: Callable[[Sequence[T]], None]) -> Callable[[Sequence[T]], None]:
    """Return the step, changed to raise Locked for a lock time-out or a deadlock: neither is an outage."""

    def guarded_step(part: Sequence[T]) -> None:
        try:
            step(part)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) in LOCKED:
                raise Locked(f"Another session holds a lock on it: {error}") from error
            raise

    return guarded_step
