"""Stored rows go long after their project's end, and what nobody refers to after a week; what is needed stays."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from backlog.models import Item
from backlog.retention import StoredFiles
from events import artifacts
from events.models import Event
from events.pruning import Removal
from intake.retention import ExpiredUploads
from intake.upload_folder import KEPT_SECONDS, upload_folder
from tests.aging import ago, ended_project

pytestmark = [pytest.mark.spine, pytest.mark.django_db]


def stored(text: str, *, days: float = 30) -> dict[str, Any]:
    """The reference of rows that were stored so many days ago."""
    reference = artifacts.store([{"task": text}], media_type=artifacts.NDJSON)
    age(artifacts.path_of(reference), days)
    return reference


def age(path: Path, days: float) -> None:
    """The file was written so many days ago."""
    os.utime(path, (ago(days).timestamp(),) * 2)


def prune(*, rows: int = 365, unused: int = 7) -> int:
    """How many files were deleted."""
    kind = StoredFiles(days=unused, days_of_rows=rows)
    weighed = kind.weigh(ago(unused))
    steps = list(kind.remove(Removal(until=ago(unused), by="test")))
    assert (weighed.rows, weighed.bytes) == (sum(s.rows for s in steps), sum(s.bytes for s in steps))
    return weighed.rows


def is_there(reference: dict[str, Any]) -> bool:
    """Whether the rows are stored."""
    return (artifacts.folder() / reference["id"]).exists()


def test_rows_go_long_after_the_end_of_their_project_and_not_before() -> None:
    old, young, open_ones, shared = (stored(name) for name in ("old", "young", "open", "shared"))
    for days, reference in ((400, old), (400, shared), (300, young), (300, shared)):
        ended_project(days, rows_ref=reference)
    ended_project(400, status="OPEN", rows_ref=open_ones)
    assert prune() == 1
    assert [is_there(reference) for reference in (old, young, open_ones, shared)] == [False, True, True, True]


def test_with_zero_days_rows_of_every_project_stay() -> None:
    ended_project(4000, rows_ref=(old := stored("old")))
    assert prune(rows=0) == 0
    assert is_there(old)


def test_what_nobody_refers_to_goes_after_a_week() -> None:
    lost, fresh = stored("lost", days=8), stored("fresh", days=6)
    assert prune() == 1
    assert (is_there(lost), is_there(fresh)) == (False, True)


def test_rows_of_a_reading_that_may_still_be_chosen_stay_and_others_go_with_their_project() -> None:
    ms, minutes, old = stored("ms"), stored("min"), stored("h")
    readings = {"doubts": [], "rows": {"duration_unit=ms": {"rows": [], "rows_ref": ms}, "m": {"rows_ref": minutes}}}
    ended_project(300, status="OPEN", readings=readings)
    ended_project(400, readings={"doubts": [], "rows": {"h": {"rows_ref": old}}})
    assert prune() == 1
    assert [is_there(reference) for reference in (ms, minutes, old)] == [True, True, False]


def test_deliverables_that_a_dispatch_refers_to_stay_until_its_work_is_over() -> None:
    project, reference = ended_project(20, status="OPEN", events=0), stored("deliverables")
    item = project.items.get()
    context = {"rows": [], "deliverables_ref": reference}
    said = {"type": "WORK.ITEM_DISPATCHED", "service": "interlock", "instance": "1", "digest": "d"}
    event = Event.objects.create(
        event_id=project.pk, correlation_id=project.pk, project_id=project.pk, timestamp=ago(20), recorded_at=ago(20),
        payload={"work_context": context}, **said,
    )  # fmt: skip
    Item.objects.filter(pk=item.pk).update(current_dispatch=event.event_id)
    assert prune() == 0
    Item.objects.filter(pk=item.pk).update(state="DONE")
    assert prune() == 1


def test_a_file_that_a_dead_process_left_unfinished_goes_and_an_unknown_one_stays() -> None:
    stored("any", days=0)
    for name in ("tmpabc123", "README"):
        (artifacts.folder() / name).write_text("x")
        age(artifacts.folder() / name, 8)
    assert prune() == 1
    assert (artifacts.folder() / "README").exists()


def test_rows_that_are_sent_again_at_that_moment_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep has looked at the file and at who refers to it, and is about to delete it."""
    again = stored("again")
    kind = StoredFiles(days=7, days_of_rows=365)
    unused = kind.unused(ago(7))
    assert [path.name for path in unused] == [again["id"]]
    beside = artifacts.folder().with_name("uploads")
    artifacts.store([{"task": "again"}], media_type=artifacts.NDJSON, folder=beside)
    age(beside / again["id"], 30)
    artifacts.adopt(beside / again["id"], again)
    assert artifacts.discard_unused(unused[0], since=ago(7)) == (0, 0)
    assert is_there(again)


def test_the_pages_of_a_project_say_that_its_rows_are_gone(client: Client) -> None:
    ended_project(400, rows_ref=stored("old"))
    project = ended_project(400, rows_ref=stored("old"))
    ann = User.objects.create_user("ann")
    ann.user_permissions.add(Permission.objects.get(codename="view_project"))
    client.force_login(ann)
    assert prune() == 1
    page = client.get(f"/projects/{project.pk}/rows/")
    assert page.status_code == 200
    assert "The rows are not stored here any more" in page.content.decode()


def test_an_upload_that_was_not_sent_goes_after_a_day_with_what_was_read_from_it() -> None:
    names = [f"1-{'0' * 32}", f"1-{'0' * 32}.rows", f"2-{'1' * 32}"]
    for name in names:
        (upload_folder() / name).write_bytes(b"xyz")
    for name in names[:2]:
        age(upload_folder() / name, KEPT_SECONDS / 86_400 + 0.1)
    kind = ExpiredUploads()
    assert (kind.weigh(ago(1)).rows, kind.weigh(ago(1)).bytes) == (2, 6)
    assert sum(step.rows for step in kind.remove(Removal(until=ago(1), by="test"))) == 2
    assert [path.name for path in upload_folder().iterdir()] == names[2:]
