"""A whole system as an operator starts it, a worker written elsewhere, and a producer with nothing but XADD."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from backlog.models import Project
from backlog.selectors import latest_deliverables
from clarifications.models import Question
from events import streams
from events.models import Event
from tests.flows import KNOWN, envelope, put, request
from tests.invariants import violations
from tests.processes import manage
from tests.waiting import wait_until

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db(transaction=True)]

HERE = Path(__file__).parent
ROWS = [
    {"text": "Match payments", "category": "Receivable", "estimated_minutes": 90},
    {"text": "Match payments", "category": "Receivable", "estimated_minutes": 30},
    {"text": "Close the month", "category": "Close", "estimated_minutes": 120},
]


@contextmanager
def ended_after(*processes: subprocess.Popen[str]) -> Iterator[None]:
    """The processes while the block runs; then each is told to stop."""
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="test_system.py does the same on SQLite")
def test_a_project_opened_and_answered_by_xadd_is_done_with_a_worker_written_elsewhere(broker: None) -> None:
    opening = request("audit", request_text="Where does our time go?", work_context={**KNOWN, "rows": ROWS})
    system = manage("up", "--no-web", "--except", "cost_worker")
    foreign = subprocess.Popen(
        [sys.executable, str(HERE / "foreign_worker.py"), settings.REDIS_URL, settings.STREAM_NAME], text=True
    )
    with ended_after(foreign, system):
        put(opening)
        wait_until(Question.objects.filter(field="hourly_rate", status="OPEN").exists, 60)
        question = Question.objects.get()
        said = {"project_id": str(question.project_id), "question_id": str(question.pk), "answer": 50}
        put(envelope("USER.ANSWER_SUBMITTED", said))
        wait_until(Project.objects.filter(status="DONE").exists, 60)
        wait_until(lambda: not violations(), 20)
    project = Project.objects.get()
    costs = latest_deliverables(project.pk)["cost_analysis"]
    assert costs.content == {"total_hours": 4.0, "hourly_rate": 50.0, "monthly_cost": 200.0, "annual_cost": 2400.0}
    assert not streams.groups(streams.work_stream("cost_worker"))
    replies = Event.objects.filter(service="costs-done-elsewhere").values_list("type", flat=True)
    assert sorted(replies) == ["DELIVERABLE.PUBLISHED", "WORK.ITEM_COMPLETED", "WORK.ITEM_STARTED"]
    assert system.returncode == 0


def test_the_foreign_worker_imports_nothing_of_the_project() -> None:
    source = (HERE / "foreign_worker.py").read_text()
    imported = {line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))}
    assert imported == {"json", "sys", "uuid", "datetime", "redis"}
