"""An entry whose handling fails costs its neighbours nothing, is tried again, and is buried in the end."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as configured
from pytest_django import Settings

from backlog.flow import opening, replies
from backlog.models import Project
from events import streams
from events.clock import database_now
from events.errors import PermanentError
from events.models import Attempt, DeadLetter, Event
from events.work import UnitOfWork
from tests.flows import dispatch_of, item_of, opened, put, reply, request, step, tell
from tests.invariants import violations
from tests.system import group_server, run_to_rest, serving
from tests.waiting import wait_until

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.faults, pytest.mark.django_db(transaction=True)]

POISON = "This request makes its handler raise."
Break = Callable[[type[Exception]], None]


@pytest.fixture
def break_handler(monkeypatch: pytest.MonkeyPatch) -> Break:
    """Make the handler of requests write, and then raise, when the text says so."""
    real = opening.open_project

    def arm(error: type[Exception]) -> None:
        def open_project(work: UnitOfWork, *, request: dict[str, Any], **more: Any) -> Project:
            project = real(work, request=request, **more)
            if request["request_text"] == POISON:
                raise error("poison")
            return project

        monkeypatch.setattr(opening, "open_project", open_project)

    return arm


def tried_again(times: int) -> None:
    """Let the time before the next attempt pass, so often."""
    for _ in range(times):
        Attempt.objects.update(next_attempt_at=database_now())
        run_to_rest()


def test_the_neighbours_of_a_poisonous_entry_are_done_in_spite_of_it(broker: None, break_handler: Break) -> None:
    break_handler(RuntimeError)
    good = [request() for _ in range(6)]
    tell(*good[:3], request(request_text=POISON), *good[3:])
    opened_ids = {str(pk) for pk in Project.objects.values_list("pk", flat=True)}
    assert opened_ids == {event["payload"]["project_id"] for event in good}
    assert Event.objects.filter(type="PROJECT.OPENED").count() == 6
    assert Attempt.objects.get().attempts == 1
    assert violations(at_rest=False) == []


def test_the_wait_before_the_next_attempt_doubles_up_to_a_minute(
    broker: None, break_handler: Break, settings: Settings
) -> None:
    settings.RETRY_DELAY_SECONDS = 20
    break_handler(RuntimeError)
    tell(request(request_text=POISON))
    waits = [wait_of(Attempt.objects.get())]
    for _ in range(2):
        tried_again(1)
        waits.append(wait_of(Attempt.objects.get()))
    assert waits == pytest.approx([20, 40, 60], abs=0.5)
    assert violations(at_rest=False) == []


def wait_of(attempt: Attempt) -> float:
    """Seconds between an attempt and the next one."""
    return (attempt.next_attempt_at - attempt.last_seen).total_seconds()


def test_poison_is_buried_after_the_last_attempt_with_its_story(
    broker: None, break_handler: Break, settings: Settings
) -> None:
    settings.MAX_ATTEMPTS = 4
    break_handler(RuntimeError)
    (entry_id,) = tell(request(request_text=POISON))
    tried_again(2)
    assert Attempt.objects.get().attempts == 3
    assert not DeadLetter.objects.exists()
    tried_again(1)
    letter = DeadLetter.objects.get()
    assert (letter.entry_id, letter.attempts, letter.error_class) == (entry_id, 4, "RuntimeError")
    assert "poison" in letter.reason
    assert "Traceback" in letter.trace
    assert letter.first_seen < letter.last_seen
    assert not Attempt.objects.exists()
    assert Project.objects.count() == 0
    assert violations(dead_letters=1) == []


def test_an_entry_that_cannot_be_helped_is_buried_at_once(broker: None, break_handler: Break) -> None:
    break_handler(PermanentError)
    tell(request(), request(request_text=POISON), request())
    assert DeadLetter.objects.get().attempts == 1
    assert Project.objects.count() == 2
    assert violations(dead_letters=1) == []


def test_an_entry_that_succeeds_at_a_later_attempt_leaves_nothing_behind(
    broker: None, break_handler: Break, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context():
        break_handler(RuntimeError)
        tell(request(request_text=POISON))
    monkeypatch.undo()
    tried_again(1)
    assert Project.objects.count() == 1
    assert not Attempt.objects.exists()
    assert violations() == []


def test_a_running_system_works_through_poison_and_buries_it_once(
    broker: None, break_handler: Break, settings: Settings
) -> None:
    settings.RETRY_DELAY_SECONDS, settings.MAX_ATTEMPTS = 0.05, 3
    break_handler(RuntimeError)
    put(*(request(**({"request_text": POISON} if n % 10 == 5 else {})) for n in range(30)))
    with serving(*(group_server(group) for group in ("orchestrator", "clarifications", "validators"))):
        wait_until(lambda: DeadLetter.objects.count() == 3)
        wait_until(lambda: not violations(dead_letters=3))
    assert Project.objects.count() == 27
    assert set(DeadLetter.objects.values_list("attempts", flat=True)) == {3}


def test_an_entry_that_killed_its_consumer_each_time_is_buried_without_being_run(
    broker: None, settings: Settings
) -> None:
    settings.RECLAIM_IDLE_SECONDS = 0
    (entry_id,) = put(request())
    delivered_without_outcome(entry_id, times=settings.MAX_ATTEMPTS)
    run_to_rest()
    letter = DeadLetter.objects.get()
    assert (letter.error_class, letter.attempts) == ("TooManyAttempts", settings.MAX_ATTEMPTS + 1)
    assert Project.objects.count() == 0
    assert violations(dead_letters=1) == []


def delivered_without_outcome(entry_id: str, *, times: int) -> None:
    """Deliver the entry to consumers that died with it."""
    where = (configured.STREAM_NAME, "orchestrator", "dead-consumer")
    streams.ensure_group(*where[:2])
    streams.read_new(*where, count=1)
    for delivery in range(1, times):
        streams.take_over(*where, [streams.Pending(entry_id, "dead-consumer", delivery)])


def test_a_reply_whose_handler_raises_leaves_its_item_as_it_was(broker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    project = opened(step("only"))
    told = dispatch_of(project)

    def breaks(*_: Any, **__: Any) -> None:
        raise RuntimeError("poison")

    with monkeypatch.context() as broken:
        broken.setattr(replies, "review_item", breaks)
        tell(reply(told, "WORK.ITEM_STARTED"), reply(told, "WORK.ITEM_COMPLETED", {"evidence": {"a": 1}}))
    item = item_of(project)
    assert (item.state, item.evidence) == ("IN_PROGRESS", None)
    assert item.started_at is not None
    tried_again(1)
    assert item_of(project).state == "DONE"
    assert violations() == []
