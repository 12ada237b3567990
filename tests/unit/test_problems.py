"""Whatever a service of ours refuses has an answer for the caller of the interface."""

from collections.abc import Iterator

import pytest

import api.urls  # noqa: F401 - with the interface everything that it can refuse is loaded
from accounts.keys import NoSuchKey
from accounts.rank import AccountHasMoreRights
from api.problems import STATUS_AND_NAME
from events.errors import EventError, PermanentError
from intake.spreadsheets.sheet import Busy, Unreadable
from schemas.lint import BadSchema
from schemas.registry import UnknownSchema
from schemas.restricted import SchemaRefused
from schemas.strict_json import InvalidJson

ROOTS = (
    EventError,
    NoSuchKey,
    AccountHasMoreRights,
    BadSchema,
    UnknownSchema,
    SchemaRefused,
    InvalidJson,
    Busy,
    Unreadable,
)
# Never raised themselves: what is raised is one of the classes below them.
ABSTRACT = {EventError, PermanentError}
# Raised by commands, the pages of staff and the door of Slack alone; if they are loaded depends on the tests before.
OF_COMMANDS = ("tests.", "backups.", "chat.", "events.archives", "events.producer_keys", "privacy.")


def below(kind: type[Exception]) -> Iterator[type[Exception]]:
    """The class and all that inherit from it, at any depth, of the project alone."""
    yield kind
    for child in kind.__subclasses__():
        yield from below(child)


def ours() -> list[type[Exception]]:
    """Every class of refusal once, in a steady order."""
    found = {kind for root in ROOTS for kind in below(root)} - ABSTRACT
    return sorted(
        (kind for kind in found if not kind.__module__.startswith(OF_COMMANDS)), key=lambda kind: kind.__qualname__
    )


@pytest.mark.parametrize("kind", ours(), ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_every_refusal_of_ours_has_its_problem(kind: type[Exception]) -> None:
    named = next((STATUS_AND_NAME[each] for each in kind.__mro__ if each in STATUS_AND_NAME), None)
    assert named, f"{kind.__qualname__} would be answered with 500"
    assert 400 <= named[0] < 600
    assert named[0] != 500
