"""The old projects of `make bench`: rows as the product leaves them, in today's tables."""

import pytest
from django.db import connection

from backlog.blueprints import add_version
from backlog.models import Deliverable, Item, Project
from clarifications.models import Answer, Question
from events.models import Event

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.spine,
    pytest.mark.both,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL makes the rows by itself"),
]
STEPS = [{"key": f"step_{n}", "title": "Step", "agent_target": "generic_worker"} for n in (1, 2, 3)]


def test_old_projects_are_done_and_complete() -> None:
    from benchmarks.old_projects import PLAIN, add

    add_version({"name": PLAIN.template, "title": "Plain", "items": STEPS}, by="test")
    with connection.cursor() as cursor:
        add(cursor, 20)
    connection.check_constraints()
    assert Project.objects.filter(status="DONE", finished_at__isnull=False).count() == 20
    assert Item.objects.filter(state="DONE", project__status="DONE").count() == 3 * 20
    assert Deliverable.objects.filter(item__position=0).count() == 20
    assert Event.objects.count() == 4 * 20
    assert Answer.objects.count() == Question.objects.filter(status="ANSWERED").count() == 2
