"""The class of an error decides what becomes of its entry: buried at once, or tried again."""

import pytest

from backlog.errors import BacklogError
from clarifications.errors import ClarificationError
from events import errors
from events.deadletters import AlreadySettled, storable_text
from events.lifecycle import IllegalTransition


@pytest.mark.parametrize(
    "permanent",
    [
        errors.InvalidEvent,
        errors.UnknownEventType,
        errors.ConflictingEvent,
        errors.TooManyAttempts,
        BacklogError,
        ClarificationError,
        IllegalTransition,
    ],
)
def test_what_another_attempt_cannot_help_is_permanent(permanent: type[Exception]) -> None:
    assert issubclass(permanent, errors.PermanentError)


@pytest.mark.parametrize("passing", [errors.ContractBroken, errors.BrokerUnfit, AlreadySettled])
def test_what_may_pass_is_an_error_about_events_and_not_permanent(passing: type[Exception]) -> None:
    assert issubclass(passing, errors.EventError)
    assert not issubclass(passing, errors.PermanentError)


@pytest.mark.parametrize(
    "made", [cls for base in (BacklogError, ClarificationError) for cls in (base, *base.__subclasses__())]
)
def test_every_refusal_has_a_message_and_details(made: type[BacklogError]) -> None:
    refusal = made("Say why.", field="rate")
    assert (refusal.message, refusal.extra, str(refusal)) == ("Say why.", {"field": "rate"}, "Say why.")
    assert made.__doc__


@pytest.mark.parametrize(
    ("text", "stored"),
    [("a\x00b", "a\\0b"), ("a\ud800b", "a?b"), ("x" * 30_000, "x" * 20_000), ("é", "é")],
    ids=["NUL", "half a surrogate pair", "long", "plain"],
)
def test_the_story_of_a_dead_letter_can_be_stored_anywhere(text: str, stored: str) -> None:
    assert storable_text(text) == stored
