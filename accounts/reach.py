"""How far the statements of a request reach: to the rows of one organisation, to none, or to all.

A request begins with none. Whoever finds out whose it is says so with `act_for`. The database holds every statement to
it (`accounts/row_security.py`), whatever the statement asks for. Outside of requests (processes in the background,
commands, migrations) nothing is limited.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

# In place of the number of an organisation: that of nobody, and of a superuser. Numbers of organisations begin at 1.
NOBODY, ABOVE = 0, -1
# The number of the organisation; None outside of requests, and where a request is not limited for a moment.
reach: ContextVar[int | None] = ContextVar("reach", default=None)


def begin_request(**sent: Any) -> None:
    """Limit the statements to no row of any organisation: nobody knows yet whose request it is."""
    reach.set(NOBODY)


def end_request(**sent: Any) -> None:
    """Limit nothing any more."""
    reach.set(None)


def act_for(user: Any) -> None:
    """Limit the statements of this request to the organisation of the account; a superuser is above all.

    Without an account, and outside of a request, nothing changes.
    """
    organisation = getattr(user, "organisation_id", None)
    if organisation and reach.get() is not None:
        act_within(ABOVE if user.is_active and user.is_superuser else organisation)


def act_for_signed_in(sender: Any, user: Any, **sent: Any) -> None:
    """Limit the statements of a request in which somebody has signed in."""
    act_for(user)


def act_within(organisation: int) -> None:
    """Limit the statements of this request to this organisation. Outside of a request nothing changes."""
    if reach.get() is not None:
        reach.set(organisation)


@contextmanager
def unlimited() -> Iterator[None]:
    """Let the statements of the block reach every row: for finding out who asks, or whether a name is taken."""
    with reaching(None):
        yield


@contextmanager
def as_request_of(user: Any) -> Iterator[None]:
    """Limit the statements of the block as those of a request of this account, for doors that are no requests."""
    with reaching(NOBODY):
        act_for(user)
        yield


@contextmanager
def reaching(organisation: int | None) -> Iterator[None]:
    """Let the statements of the block reach so far, and afterwards as far as before."""
    token = reach.set(organisation)
    try:
        yield
    finally:
        reach.reset(token)


def limit_of_statements() -> int | None:
    """Return the organisation to which statements are limited now; None if they are not."""
    organisation = reach.get()
    return None if organisation == ABOVE else organisation
