"""Events of projects that ended long ago move to files, each once, and leave the ledger only when they can be read."""

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from backlog import retention
from backlog.models import Project
from backlog.retention import OldEvents
from clarifications.models import Notice
from events import archives, pruning
from events.archives import ArchiveDamaged
from events.models import Archive, Event, Pruning
from events.pruning import Removal, Removed
from events.retention import OldArchives
from tests.aging import a_delivery, a_notice, ago, ended_project, event_of
from webhooks.models import Delivery

pytestmark = [pytest.mark.spine, pytest.mark.django_db]


def prune_events(*, steps: int | None = None) -> Removed:
    """Move the events of projects that ended more than a year ago; only so many steps of it, as if it died then."""
    kind, removed = OldEvents(days=365), Removed()
    for number, step in enumerate(kind.remove(Removal(until=ago(365), by="test", record=kind.record)), 1):
        removed += step
        if number == steps:
            break
    return removed


def in_files(folder: Path) -> list[dict[str, Any]]:
    """Every event that is in a file of the archive, as plain tools read it."""
    files = sorted((folder / "archive").rglob("*.gz"))
    return [json.loads(line) for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]


def show(*arguments: str) -> str:
    """What the command prints."""
    out = io.StringIO()
    call_command("archive", *arguments, stdout=out)
    return out.getvalue()


def test_events_of_a_project_that_ended_long_ago_are_in_a_file_and_no_more_in_the_ledger(own_folder: Path) -> None:
    old, young, unfinished = ended_project(400), ended_project(300), ended_project(400, status="OPEN")
    said = {str(event.event_id): event for event in Event.objects.filter(project_id=old.pk)}
    assert prune_events().rows == 3
    assert set(Event.objects.values_list("project_id", flat=True)) == {young.pk, unfinished.pk}
    written = {event["event_id"]: event for event in in_files(own_folder)}
    assert written.keys() == said.keys()
    for name, event in said.items():
        assert (written[name]["payload"], written[name]["seq"]) == (event.payload, event.seq)
        assert set(written[name]) == {field.attname for field in Event._meta.concrete_fields}
    assert Project.objects.get(pk=old.pk).archive is not None
    assert not Project.objects.exclude(pk=old.pk).exclude(archive=None).exists()


def test_who_deleted_how_many_is_on_record() -> None:
    ended_project(400)
    prune_events()
    run = Pruning.objects.get()
    assert (run.record, run.by, run.removed, run.is_open) == ("events.Event", "test", 3, False)


def test_projects_of_two_months_are_in_files_of_their_months(own_folder: Path) -> None:
    months = {f"{ended_project(days).finished_at:%Y-%m}" for days in (400, 440)}
    prune_events()
    assert {path.parent.name for path in (own_folder / "archive").rglob("*.gz")} == months


@pytest.mark.parametrize("steps", [2, 3])
def test_a_move_that_dies_between_its_steps_goes_on_with_the_same_file(
    own_folder: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_DELETED", 2)
    ended_project(400, events=5)
    prune_events(steps=steps)
    left = Event.objects.count()
    assert left == {2: 5, 3: 3}[steps]
    assert prune_events().rows == left
    assert not Event.objects.exists()
    assert sorted(event["payload"]["text"] for event in in_files(own_folder)) == [f"Event {n}, 8 €" for n in range(5)]
    assert Archive.objects.exclude(emptied_at=None).count() == 1


def test_two_processes_that_move_the_same_events_leave_one_complete_file(own_folder: Path) -> None:
    """One of them has read the archive's row, and goes on with it when the other has deleted events already."""
    ended_project(400)
    slow = retention.close_projects(ago(365))
    assert slow is not None
    prune_events()
    list(archives.move(slow, Removal(until=ago(365), by="slow", record="events.Event")))
    assert len(in_files(own_folder)) == 3
    assert "3 events, as they were written" in show("verify")


def test_a_move_that_dies_before_its_file_is_named_writes_it_anew(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended_project(400)
    with monkeypatch.context() as patch:
        patch.setattr(archives.os, "replace", fails)
        with pytest.raises(OSError, match="died"):
            prune_events()
    assert (Event.objects.count(), in_files(own_folder)) == (3, [])
    prune_events()
    assert (Event.objects.count(), len(in_files(own_folder))) == (0, 3)


def fails(*args: Any) -> None:
    """Die."""
    raise OSError("died")


def test_no_event_is_deleted_whose_file_is_not_what_was_written(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = ended_project(440), ended_project(400)
    write = archives.write

    def write_badly(archive: Archive) -> Iterator[Removed]:
        yield from write(archive)
        if bad.pk in archive.projects:
            path = archives.path_of(archive)
            path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"Event 1", b"Event 2")))

    monkeypatch.setattr(archives, "write", write_badly)
    with pytest.raises(ArchiveDamaged, match="does not hold the 3 events"):
        prune_events()
    assert set(Event.objects.values_list("project_id", flat=True)) == {bad.pk}
    assert {event["project_id"] for event in in_files(own_folder)} >= {str(good.pk)}
    monkeypatch.setattr(archives, "write", write)
    prune_events()
    assert not Event.objects.exists()


def test_a_file_that_was_damaged_before_all_events_are_deleted_keeps_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_DELETED", 2)
    ended_project(400, events=4)
    prune_events(steps=3)
    [archive] = Archive.objects.all()
    content = archives.path_of(archive).read_bytes()
    archives.path_of(archive).write_bytes(content[: len(content) // 2])
    with pytest.raises(ArchiveDamaged, match="cannot be read"):
        prune_events()
    assert Event.objects.count() == 2
    archives.path_of(archive).write_bytes(content)
    prune_events()
    assert not Event.objects.exists()


def test_an_event_that_came_after_its_file_was_written_stays() -> None:
    project = ended_project(400)
    prune_events(steps=2)
    late = event_of(project, ago(0))
    prune_events()
    assert [event.pk for event in Event.objects.all()] == [late.pk]


def test_what_refers_to_the_events_goes_with_them() -> None:
    project = ended_project(400)
    event = Event.objects.filter(project_id=project.pk)[0]
    a_delivery(event, state="given_up", created_at=ago(400))
    a_notice(event, created_at=ago(400))
    prune_events()
    assert [model.objects.count() for model in (Event, Delivery, Notice)] == [0, 0, 0]


def refuses(call: Any) -> bool:
    """Whether the database refuses it because the ledger is append-only."""
    try:
        with transaction.atomic():
            call()
    except IntegrityError as error:
        return "append-only" in str(error)
    return False


def test_the_database_lets_only_a_run_delete_and_only_what_was_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    project, other = ended_project(400), ended_project(300)
    archive = retention.close_projects(ago(365))
    assert archive is not None
    removal = Removal(until=ago(0), by="test", record="events.Event")
    removal.run = removal.begun()
    of_project = Event.objects.filter(project_id=project.pk)

    def raw() -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM events_event")

    assert refuses(raw)
    assert refuses(lambda: removal.delete(of_project)), "it is in no file yet"
    list(archives.write(archive))
    Archive.objects.filter(pk=archive.pk).update(verified_at=ago(0))
    assert refuses(raw), "no run has opened the door"
    assert refuses(lambda: Removal(until=ago(0), by="test", record="events.DeadLetter").delete(of_project))
    assert refuses(lambda: removal.delete(Event.objects.filter(project_id=other.pk))), "it is in no archive"
    assert removal.delete(of_project).rows == 3
    assert refuses(raw), "the door is closed again"


def test_only_one_process_prunes_at_a_time() -> None:
    assert pruning.take_turn()
    assert not pruning.take_turn()
    with pytest.raises(CommandError, match="Another process prunes"):
        call_command("prune")
    pruning.end_turn()
    assert pruning.take_turn()


def test_the_events_of_a_project_are_read_from_its_archive() -> None:
    old, other = ended_project(400), ended_project(400)
    prune_events()
    lines = [json.loads(line) for line in show("show", "--project", str(old.pk)[:13]).splitlines()]
    assert [line["payload"]["text"] for line in lines] == [f"Event {n}, 8 €" for n in range(3)]
    assert len(show("show").splitlines()) == 6
    assert "1 archives" in show("list", "--project", str(other.pk))
    assert "6 events, as they were written" in show("verify")


def test_a_damaged_or_missing_file_is_found_by_verify() -> None:
    ended_project(400)
    prune_events()
    [archive] = Archive.objects.all()
    archives.path_of(archive).unlink()
    with pytest.raises(CommandError, match="1 archives are damaged"):
        show("verify")


def test_a_project_whose_events_are_in_the_ledger_has_no_archive() -> None:
    young = ended_project(300)
    with pytest.raises(CommandError, match="not archived"):
        show("show", "--project", str(young.pk))


def test_archives_are_deleted_only_where_a_setting_says_so_and_their_rows_say_it() -> None:
    old = ended_project(400)
    prune_events()
    kind = OldArchives(days=10)
    assert list(kind.remove(Removal(until=ago(10), by="test"))) == []
    [archive] = Archive.objects.all()
    weighed = kind.weigh(ago(-1))
    assert (weighed.rows, weighed.bytes) == (3, archives.path_of(archive).stat().st_size)
    assert list(kind.remove(Removal(until=ago(-1), by="test"))) == [weighed]
    assert "deleted at" in show("list")
    assert "deleted at" in show("verify")
    with pytest.raises(CommandError, match="was deleted at"):
        show("show", "--project", str(old.pk))


def test_pruning_goes_on_after_the_last_day_of_a_month_with_what_is_due_of_the_next(own_folder: Path) -> None:
    for days in (366, 396, 426, 456):
        ended_project(days, events=1)
    prune_events()
    assert not Event.objects.exists()
    assert len(in_files(own_folder)) == 4
