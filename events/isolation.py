"""One bad thing costs one thing: what fails for many at once is done in halves, until the bad one is alone."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from django.db import InterfaceError, OperationalError

T = TypeVar("T")

# The database is away, locked or full: nothing is wrong with what was to be done.
DATABASE_AWAY = (OperationalError, InterfaceError)
# PostgreSQL: a lock was not to be had in time, or two wait for each other.
LOCKED = ("55P03", "40P01")


class TooMuchAtOnce(Exception):
    """What was to be done together has more to say than one short transaction can hold; a part of it fits."""


class Locked(Exception):
    """Somebody holds on to what the step needs; others need not wait for it."""


def in_halves(things: Sequence[T], step: Callable[[Sequence[T]], None], alone: Callable[[T, Exception], None]) -> None:
    """Do the step for all things, in their order, or for halves of them where it fails; tell `alone` of each bad one.

    `step` does its work in one transaction, so that a half can be done again. Raises what says that the database is
    away: then nothing is wrong with any of them.
    """
    todo = [list(things)]
    while todo:
        some = todo.pop()
        if not some:
            continue
        try:
            step(some)
        except DATABASE_AWAY:
            raise
        except Exception as error:
            if len(some) == 1:
                alone(some[0], error)
            else:
                middle = len(some) // 2
                todo += [some[middle:], some[:middle]]


def in_portions(things: Iterable[T], size: Callable[[T], int], most: int) -> Iterator[list[T]]:
    """The things in their order, in lists whose sizes add up to `most`; one that is larger comes alone."""
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


def telling_locks_apart(step: Callable[[Sequence[T]], None]) -> Callable[[Sequence[T]], None]:
    """The step, which raises Locked where a lock was not to be had: that is one thing's trouble and no outage."""

    def stepped(some: Sequence[T]) -> None:
        try:
            step(some)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) in LOCKED:
                raise Locked(f"Somebody holds it locked: {error}") from error
            raise

    return stepped
