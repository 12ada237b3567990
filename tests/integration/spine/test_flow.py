"""A project goes from an XADD to its final report."""

import pytest

from backlog.models import Item, Project
from backlog.states import ItemState, ProjectStatus
from tests.flows import on_the_log, put, request
from tests.invariants import violations
from tests.system import system
from tests.waiting import wait_until

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db(transaction=True)]


def test_a_request_on_the_stream_becomes_a_finished_project(broker: None) -> None:
    event = request("minimal")
    put(event)
    with system():
        wait_until(lambda: Project.objects.filter(status=ProjectStatus.DONE).exists())
        wait_until(lambda: not violations())
    project = Project.objects.get()
    assert str(project.pk) == event["payload"]["project_id"]
    assert list(project.items.values_list("state", "attempts")) == [(ItemState.DONE, 1)] * 3
    assert len(on_the_log("REPORT.FINAL_PUBLISHED")) == 1


def test_a_hundred_projects_share_their_transactions_and_all_finish(broker: None) -> None:
    put(*(request("minimal") for _ in range(100)))
    with system():
        wait_until(lambda: Project.objects.filter(status=ProjectStatus.DONE).count() == 100, 60)
        wait_until(lambda: not violations())
    assert Item.objects.filter(state=ItemState.DONE, attempts=1).count() == 300
