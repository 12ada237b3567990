"""A project whose events are archived is closed for good: no old event is handled again, and its pages say so."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts.models import User
from backlog.errors import ProjectArchived
from backlog.flow.orchestration import project_work
from backlog.models import Deliverable, Item, Project
from backlog.retention import OldEvents
from backlog.selectors import item_in, project_of
from backlog.services import cancel_project, retry_item
from events.models import DeadLetter, Event
from events.pruning import Removal
from tests.aging import ago, ended_project
from tests.flows import completed, deliverable, dispatch_of, on_the_log, opened, reply, request, tell

pytestmark = [pytest.mark.spine]


def archive_all() -> None:
    """Move the events of every project that is over, as if a year had passed."""
    Project.objects.filter(status__in=["DONE", "FAILED", "CANCELLED"]).update(finished_at=ago(400))
    kind = OldEvents(days=365)
    list(kind.remove(Removal(until=ago(365), by="test", record=kind.record)))


def standing() -> list[Any]:
    """Everything that an event could change."""
    return [
        *Project.objects.order_by("pk").values_list("pk", "status", "finished_at"),
        *Item.objects.order_by("pk").values_list("pk", "state", "attempts", "evidence", "current_dispatch"),
    ]


@pytest.mark.django_db(transaction=True)
def test_an_event_that_comes_again_after_its_row_was_archived_has_no_second_effect(broker: None) -> None:
    project, other = opened(), opened()
    dispatch = dispatch_of(project)
    said = [reply(dispatch, "DELIVERABLE.PUBLISHED", deliverable()), completed(dispatch)]
    tell(*said)
    first = on_the_log("PROJECT.INITIAL_REQUEST_RECEIVED")[0]
    assert first["payload"]["project_id"] == str(project.pk)
    archive_all()
    before = standing()
    assert not Event.objects.filter(project_id=project.pk).exists()
    tell(*said, first, completed(dispatch_of(other)))
    letters = DeadLetter.objects.filter(error_class="ProjectArchived")
    assert {str(letter.event_id) for letter in letters} == {event["event_id"] for event in [*said, first]}
    assert f"manage.py archive show --project {project.pk}" in letters[0].reason
    assert not Event.objects.filter(project_id=project.pk).exists()
    assert [row for row in standing() if row in before] == [row for row in before if other_than(row, other)]
    assert Project.objects.get(pk=other.pk).status == "DONE", "its neighbour in the batch is done"
    assert Project.objects.get(pk=project.pk).deliverables.count() == 1


def other_than(row: Any, project: Project) -> bool:
    """Whether the row is not of this project."""
    return row[0] not in (project.pk, *project.items.values_list("pk", flat=True))


@pytest.mark.django_db(transaction=True)
def test_a_request_under_a_new_id_is_taken_as_before(broker: None) -> None:
    tell(completed(dispatch_of(opened())))
    archive_all()
    assert opened().status == "OPEN"
    tell(request(project_id=str(Project.objects.exclude(archive=None).get().pk)))
    assert DeadLetter.objects.get().error_class == "ProjectArchived"


@pytest.mark.django_db
def test_nobody_changes_it_any_more() -> None:
    failed, done = ended_project(400, status="FAILED"), ended_project(400)
    archive_all()
    with pytest.raises(ProjectArchived, match="nothing in it changes any more"), project_work() as work:
        retry_item(work, item_in(work, failed.items.get().pk), by="ann")
    with pytest.raises(ProjectArchived), project_work() as work:
        cancel_project(work, project_of(work, done.pk), reason="r", by="ann")
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_a_project_that_was_opened_again_meanwhile_keeps_its_events() -> None:
    project = ended_project(400, status="FAILED")
    with project_work() as work:
        retry_item(work, item_in(work, project.items.get().pk), by="ann")
    archive_all()
    assert Event.objects.filter(project_id=project.pk).count() > 3


@pytest.mark.django_db
def test_its_pages_open_and_say_so(client: Client) -> None:
    project, other = ended_project(400), ended_project(400)
    Project.objects.filter(pk=other.pk).update(finished_at=timezone.now(), status="OPEN")
    figures = {"total_minutes": 60, "total_hours": 1, "categories": []}
    Deliverable.objects.create(
        id=project.pk, project=project, item=project.items.get(), type="time_waste_analysis", content=figures,
        confidence=1, timestamp=timezone.now(),
    )  # fmt: skip
    archive_all()
    ann = User.objects.create_user("ann", is_staff=True)
    ann.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    client.force_login(ann)
    pages = {
        "/projects/{}/": "archived. Its report stays",
        "/admin/backlog/project/{}/change/": "archive show --project",
        "/api/v1/projects/{}": '"archived":true',
    }
    for path, words in pages.items():
        found, beside = client.get(path.format(project.pk)), client.get(path.format(other.pk))
        assert (found.status_code, beside.status_code) == (200, 200), path
        assert words in found.content.decode(), path
        assert words not in beside.content.decode(), path
    listed = client.get("/api/v1/events", {"project": str(project.pk)})
    assert (listed.status_code, listed.json()["results"]) == (200, [])
    for path in (f"/projects/{project.pk}/report/", f"/projects/{project.pk}/rows/", "/admin/backlog/project/"):
        assert client.get(path).status_code == 200, path
    ann.user_permissions.add(Permission.objects.get(codename="change_project"))
    refused = client.post(f"/api/v1/projects/{project.pk}/cancel", {"reason": "r"}, content_type="application/json")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:interlock:problem:project-archived")
