"""`manage.py up` with everything embedded in a folder of its own, met through its streams alone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import redis

from environment.broker import broker_url, socket_path
from runtime.embedded import answers_ping
from runtime.processes import tied_to_parent
from tests.copying import migrated_in
from tests.flows import KNOWN, envelope, request
from tests.processes import ROOT
from tests.waiting import wait_until

HERE = Path(__file__).parent
LOG = "audit:events"
HEREABOUTS = ("DATABASE_URL", "REDIS_URL", "DATA_DIR", "DJANGO_SETTINGS_MODULE")
ROWS = [
    {"text": "Match payments", "category": "Receivable", "estimated_minutes": 90},
    {"text": "Match payments", "category": "Receivable", "estimated_minutes": 30},
    {"text": "Close the month", "category": "Close", "estimated_minutes": 120},
]


@pytest.fixture
def broker_of_a_running_system(django_db_setup: None, tmp_path: Path) -> Iterator[redis.Redis]:
    """The system as an operator starts it, without its cost worker; at the end it has to stop well."""
    migrated_in(tmp_path)
    env = {name: value for name, value in os.environ.items() if name not in HEREABOUTS} | {"DATA_DIR": str(tmp_path)}
    words = [sys.executable, str(ROOT / "manage.py"), "up", "--no-web", "--except", "cost_worker"]
    with (tmp_path / "log").open("w") as log:
        system = subprocess.Popen(tied_to_parent(words), env=env, stdout=log, stderr=log)
    data = tmp_path / "valkey"
    wait_until(lambda: answers_ping(socket_path(data)), 30)
    yield redis.Redis.from_url(broker_url(data))
    system.terminate()
    assert system.wait(20) == 0, (tmp_path / "log").read_text()


class Heard:
    """What was said on the log, kept as it is heard: what every group has settled is trimmed in the end."""

    def __init__(self, broker: redis.Redis) -> None:
        self.broker, self.last, self.events = broker, "-", list[dict[str, Any]]()

    def said(self, event_type: str) -> list[dict[str, Any]]:
        """The payloads of the events of this type so far."""
        for entry_id, fields in self.broker.xrange(LOG, self.last):
            self.last = f"({entry_id.decode()}"
            self.events.append(orjson.loads(fields[b"event"]))
        return [event["payload"] for event in self.events if event["event_type"] == event_type]


def test_a_project_is_opened_answered_and_finished_by_xadd_alone(broker_of_a_running_system: redis.Redis) -> None:
    broker = broker_of_a_running_system
    heard = Heard(broker)
    with foreign_worker(broker):
        broker.xadd(LOG, {"event": orjson.dumps(request("audit", work_context={**KNOWN, "rows": ROWS}))})
        wait_until(lambda: bool(heard.said("CLARIFICATION.QUESTION_ASKED")), 60)
        [question] = heard.said("CLARIFICATION.QUESTION_ASKED")
        answer = {"project_id": question["project_id"], "question_id": question["question_id"], "answer": 45}
        broker.xadd(LOG, {"event": orjson.dumps(envelope("USER.ANSWER_SUBMITTED", answer))})
        wait_until(lambda: bool(heard.said("REPORT.FINAL_PUBLISHED")), 60)
    assert len(heard.said("PROJECT.COMPLETED")) == 1
    delivered = [published["deliverable"] for published in heard.said("DELIVERABLE.PUBLISHED")]
    assert {d["type"]: d["content"] for d in delivered}["cost_analysis"]["monthly_cost"] == 180.0


@contextmanager
def foreign_worker(broker: redis.Redis) -> Iterator[None]:
    """Somebody else's cost worker, while the block runs."""
    url = broker_url(Path(broker.connection_pool.connection_kwargs["path"]).parent)
    worker = subprocess.Popen(tied_to_parent([sys.executable, str(HERE / "foreign_worker.py"), url, LOG]))
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(10)
