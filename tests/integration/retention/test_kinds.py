"""What is older than it is kept goes; what is younger, or still needed, stays: kind by kind."""

import io
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from pytest_django import Settings

from environment.retention import Retention
from events.models import DeadLetter, Pruning
from runtime import pruning
from runtime.broker_log import BrokerLog
from tests.aging import a_delivery, a_letter, ago
from tests.old_and_young import KINDS, OLD, YOUNG, events, letters, rest_answers, sessions
from webhooks.models import Delivery

pytestmark = [pytest.mark.spine, pytest.mark.django_db]

DAYS = Retention(
    **dict.fromkeys(
        ["rows", "leases", "rest_answers", "deliveries", "notices", "dead_letters", "attempts", "sessions"], 50
    ),
    ended_keys=50,
    audit=50,
    events=0,
)


@pytest.fixture(autouse=True)
def fifty_days(settings: Settings) -> None:
    """Everything is kept for fifty days."""
    settings.RETENTION = DAYS
    settings.QUARANTINE_DAYS = settings.REMEMBERED_READINGS_DAYS = 50


def prune() -> dict[str, pruning.Outcome]:
    """The outcome of each kind, without those that ask the broker."""
    chosen = [kind for kind in pruning.kinds() if kind.name != "abandoned consumer groups"]
    return {outcome.name: outcome for outcome in pruning.prune(chosen, by="test")}


# Those whose things are in files, at the broker, or in tests of their own.
ELSEWHERE = {
    *("events of ended projects", "archives", "stored rows", "uploads", "abandoned consumer groups"),
    *("embedded broker's log", "acts that nobody confirmed"),
}


def test_every_kind_is_tried() -> None:
    assert {kind.name for kind in pruning.kinds()} == KINDS.keys() | ELSEWHERE


@pytest.mark.parametrize("name", KINDS)
def test_what_is_old_goes_and_what_is_young_or_needed_stays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name != "audit log":  # its first rows are those of the installation, which is younger than the test's
        monkeypatch.setattr("events.pruning.MOST_ROWS", 2)
    model, make = KINDS[name]
    stays = make()
    before = set(model._base_manager.values_list("pk", flat=True))
    assert len(before) > len(stays)
    [kind] = [kind for kind in pruning.kinds() if kind.name == name]
    [weighed] = pruning.weigh([kind])
    assert weighed.removed.rows == len(before - stays)
    assert set(model._base_manager.values_list("pk", flat=True)) == before
    [outcome] = pruning.prune([kind], by="test")
    assert (outcome.error, outcome.removed.rows) == ("", len(before - stays))
    assert before & set(model._base_manager.values_list("pk", flat=True)) == stays


@pytest.mark.parametrize("name", [name for name in KINDS if name != "sign-in attempts"])
def test_with_zero_days_it_is_kept_for_ever(name: str, settings: Settings) -> None:
    settings.RETENTION = Retention(**dict.fromkeys(Retention.__dataclass_fields__, 0))
    settings.QUARANTINE_DAYS = settings.REMEMBERED_READINGS_DAYS = 0
    model, make = KINDS[name]
    make()
    before = set(model._base_manager.values_list("pk", flat=True))
    [kind] = [kind for kind in pruning.kinds() if kind.name == name]
    [outcome] = pruning.prune([kind], by="test")
    assert outcome.removed.rows == 0
    assert set(model._base_manager.values_list("pk", flat=True)) == before


def test_the_audit_log_and_archives_are_kept_for_ever_unless_a_setting_says_otherwise() -> None:
    assert (Retention().audit, Retention().archives) == (0, 0)


def test_of_a_record_each_run_is_on_record_with_who_and_how_many() -> None:
    letters()
    prune()
    runs = {run.record: (run.by, run.removed, run.is_open) for run in Pruning.objects.all()}
    assert runs["events.DeadLetter"] == ("test", 2, False)


@pytest.mark.parametrize(("state", "days"), [("open", OLD), ("discarded", YOUNG)])
def test_the_database_keeps_a_dead_letter_that_is_open_or_young_from_a_run(state: str, days: int) -> None:
    letter = a_letter(1, state=state, days=days)
    removal = pruning.Removal(until=ago(50), by="test", record="events.DeadLetter")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        removal.delete(DeadLetter.objects.filter(pk=letter.pk))


def fails(until: Any) -> Any:
    """Break."""
    raise ValueError("broken")


def test_a_kind_that_fails_costs_no_other_one(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions()
    rest_answers()

    monkeypatch.setattr("api.retention.old_answers", fails)
    outcomes = prune()
    assert outcomes["REST answers"].error == "ValueError: broken"
    assert outcomes["sessions"].removed.rows == 1


def run(*arguments: str) -> str:
    """What the command prints."""
    out = io.StringIO()
    call_command("prune", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("broker")
def test_the_command_says_what_it_would_delete_and_what_it_has_deleted() -> None:
    sessions()
    before = Session.objects.count()
    assert "would delete 1, in" in next(line for line in run("--dry-run").splitlines() if line.startswith("sessions"))
    assert Session.objects.count() == before
    outcomes = {outcome["name"]: outcome for outcome in json.loads(run("--json"))}
    assert outcomes["sessions"]["removed"] == {"rows": 1, "bytes": 0}
    assert Session.objects.count() == before - 1
    assert "kept for ever" in run("--dry-run")


@pytest.mark.usefixtures("broker")
def test_the_command_fails_when_a_kind_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.retention.old_answers", fails)
    with pytest.raises(CommandError, match="Not all could be pruned: REST answers"):
        run()
    assert pruning.pruning.take_turn()


def test_a_round_prunes_unless_another_process_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "REST", 0)
    sessions()
    before = Session.objects.count()
    assert pruning.pruning.take_turn()
    pruning.make_round(threading.Event())
    assert Session.objects.count() == before
    pruning.pruning.end_turn()
    pruning.make_round(threading.Event())
    assert Session.objects.count() == before - 1
    assert pruning.pruning.take_turn()


def test_a_round_ends_after_the_step_in_hand_when_the_process_is_asked_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.pruning.MOST_ROWS", 1)
    found = events()
    for event in found:
        a_delivery(event, created_at=ago(OLD))
    stopping = threading.Event()
    stopping.set()
    pruning.make_round(stopping)
    assert Delivery.objects.count() == 2
    assert pruning.pruning.take_turn()


def test_of_the_brokers_log_there_are_two_files_and_no_more(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.broker_log.MOST_BYTES", 10)
    log = own_folder / "valkey" / "valkey.log"
    log.parent.mkdir()
    removed = []
    for text in ("short", "first, long", "second, long", "third"):
        log.write_text(text)
        [outcome] = pruning.prune([BrokerLog()], by="test")
        removed.append((outcome.removed.rows, outcome.removed.bytes))
    assert removed == [(0, 0), (0, 0), (1, len("first, long")), (0, 0)]
    assert {path.name: path.read_text() for path in log.parent.iterdir()} == {
        "valkey.log": "third",
        "valkey.log.1": "second, long",
    }
