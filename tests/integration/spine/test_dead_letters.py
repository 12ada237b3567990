"""Staff repair what was buried: replay once, or discard."""

import threading
from typing import Any

import pytest
from django.conf import settings

from backlog.blueprints import add_version
from backlog.models import Project
from events import deadletters, streams
from events.models import DeadLetter, Event
from tests.flows import put, request, step, tell
from tests.invariants import violations
from tests.system import run, run_to_rest

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]


def buried_request() -> dict[str, Any]:
    """A request that was buried because its template does not exist yet."""
    event = request("made-later")
    tell(event)
    assert DeadLetter.objects.get().error_class == "UnknownTemplate"
    return event


def repair() -> None:
    """Add the template that was missing."""
    add_version({"name": "made-later", "title": "Made later", "items": [step("only")]}, by="test")


def test_a_replayed_dead_letter_is_handled_once_its_cause_is_gone(broker: None) -> None:
    event = buried_request()
    repair()
    deadletters.replay(DeadLetter.objects.get(), by="ann")
    run_to_rest()
    letter = DeadLetter.objects.get()
    assert str(Project.objects.get().pk) == event["payload"]["project_id"]
    assert (letter.state, letter.note) == (DeadLetter.State.REPLAYED, "Replayed by ann")
    assert Event.objects.filter(type="PROJECT.OPENED").count() == 1
    assert violations(dead_letters=1) == []


def test_a_second_replay_is_refused_and_puts_nothing_on_the_stream(broker: None) -> None:
    buried_request()
    repair()
    deadletters.replay(DeadLetter.objects.get(), by="ann")
    run_to_rest()
    length = streams.length(settings.STREAM_NAME)
    with pytest.raises(deadletters.AlreadySettled):
        deadletters.replay(DeadLetter.objects.get(), by="bob")
    assert streams.length(settings.STREAM_NAME) == length
    assert Project.objects.count() == 1
    assert violations(dead_letters=1) == []


@pytest.mark.both
def test_of_many_who_replay_at_once_one_wins(broker: None) -> None:
    buried_request()
    repair()
    letters = [DeadLetter.objects.get() for _ in range(6)]
    faults: list[BaseException] = []
    threads = [
        threading.Thread(target=run, args=(lambda x=x: deadletters.replay(x, by="ann"), faults)) for x in letters
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(fault) for fault in faults] == [deadletters.AlreadySettled] * 5
    run_to_rest()
    assert Project.objects.count() == 1
    assert violations(dead_letters=1) == []


def test_a_replay_without_a_repair_is_buried_again_as_a_new_entry(broker: None) -> None:
    buried_request()
    deadletters.replay(DeadLetter.objects.get(), by="ann")
    run_to_rest()
    assert sorted(DeadLetter.objects.values_list("state", flat=True)) == ["open", "replayed"]
    assert DeadLetter.objects.values("entry_id").distinct().count() == 2
    assert violations(dead_letters=2) == []


@pytest.mark.both
def test_a_replay_of_any_bytes_puts_exactly_these_bytes_back(broker: None) -> None:
    fields = {b"event": b"\xff\x00{", b"\xfe": b"\x01"}
    streams.client().xadd(settings.STREAM_NAME, fields)
    run_to_rest()
    entry_id = deadletters.replay(DeadLetter.objects.get(), by="ann")
    assert streams.client().xrange(settings.STREAM_NAME, entry_id, entry_id)[0][1] == fields
    run_to_rest()
    assert violations(dead_letters=2) == []


def test_a_discarded_dead_letter_keeps_the_reason_and_cannot_be_replayed(broker: None) -> None:
    put(b"nonsense")
    run_to_rest()
    deadletters.discard(DeadLetter.objects.get(), by="ann", why="a test of the producer")
    letter = DeadLetter.objects.get()
    assert (letter.state, letter.note) == ("discarded", "Discarded by ann: a test of the producer")
    assert letter.settled_at is not None
    with pytest.raises(deadletters.AlreadySettled):
        deadletters.replay(letter, by="bob")
    assert violations(dead_letters=1) == []


@pytest.mark.both
def test_a_second_burial_of_the_same_entry_changes_nothing(broker: None) -> None:
    (entry_id,) = tell(b"nonsense")
    reason = DeadLetter.objects.get().reason
    entry = streams.Entry(settings.STREAM_NAME, entry_id, {b"event": b"nonsense"})
    deadletters.bury(entry, "another-group", RuntimeError("later"))
    assert DeadLetter.objects.get().reason == reason
    assert violations(dead_letters=1) == []
