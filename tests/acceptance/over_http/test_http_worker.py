"""Workers that know nothing but HTTP, beside a system as an operator starts it."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from backlog.models import Item, Lease, Project
from backlog.selectors import latest_deliverables
from clarifications.models import Question
from tests.flows import KNOWN, put, request
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

WORKER = Path(__file__).parents[3] / "examples" / "worker.sh"
ROWS = [
    {"text": "Match payments", "category": "Receivable", "estimated_minutes": 90},
    {"text": "Match payments", "category": "Receivable", "estimated_minutes": 30},
    {"text": "Close the month", "category": "Close", "estimated_minutes": 120},
]


def post(api: str, key: str, path: str, body: Any) -> httpx.Response:
    """A POST of this key's."""
    return httpx.post(f"{api}/{path}", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=60)


def worker(api: str, key: str, *, seconds: int, slow: bool = False) -> subprocess.Popen[bytes]:
    """The worker in bash; a slow one sleeps before it reckons."""
    assert shutil.which("jq"), "jq is not installed, and examples/worker.sh needs it: run scripts/jq.sh"
    script = WORKER.read_text().replace("    known=", "    sleep 30\n    known=") if slow else WORKER.read_text()
    words = ["bash", "-c", script, str(WORKER), api, str(seconds)]
    env = {**os.environ, "INTERLOCK_KEY": key}
    return subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True, env=env)


def leased(api: str, key: str) -> dict[str, Any]:
    """The item that the key gets, once there is one."""
    for _try in range(5):
        said = post(api, key, "work/lease", {"agent": "cost_worker", "seconds": 60, "wait": 20}).json()
        if said["items"]:
            found: dict[str, Any] = said["items"][0]
            return found
    raise AssertionError("nothing was leased")


def test_a_worker_in_bash_does_the_cost_item_of_an_audit(api: str, key: str) -> None:
    said = {"request_text": "Where does our time go?", "work_context": {**KNOWN, "rows": ROWS}}
    project = post(api, key, "projects", said).json()
    bash = worker(api, key, seconds=60)
    try:
        [question] = Question.objects.filter(project_id=project["id"])
        assert post(api, key, f"questions/{question.pk}/answer", {"answer": 50}).status_code == 200
        wait_until(lambda: Project.objects.get().status == "DONE", 60)
    finally:
        bash.terminate()
        bash.wait(10)
    costs = latest_deliverables(Project.objects.get().pk)["cost_analysis"]
    money = {"hourly_rate": 50, "monthly_cost": 200, "annual_cost": 2400, "currency": "EUR"}
    assert costs.content == {"total_hours": 4, **money, "period": KNOWN["period"]}
    assert (costs.agent, Item.objects.get(key="cost").state) == ("cost_worker", "DONE")


def test_a_killed_worker_loses_its_item_and_its_late_word_is_refused(api: str, key: str) -> None:
    put(
        request(
            "audit", request_text="Where does our time go?", work_context={**KNOWN, "rows": ROWS, "hourly_rate": 50}
        )
    )
    bash = worker(api, key, seconds=2, slow=True)
    wait_until(Lease.objects.exists, 60)
    lost = Lease.objects.get()
    os.killpg(bash.pid, signal.SIGKILL)
    bash.wait(10)
    mine = leased(api, key)
    assert (mine["item"]["id"], mine["lease"] != str(lost.token)) == (str(lost.item_id), True)
    late = post(api, key, f"work/{lost.token}/complete", {"evidence": {}})
    assert (late.status_code, late.json()["type"]) == (409, "urn:interlock:problem:stale-lease")
    assert Item.objects.get(key="cost").state == "IN_PROGRESS"
    assert post(api, key, f"work/{mine['lease']}/heartbeat", {}).status_code == 200
    assert Lease.objects.get(token=mine["lease"]).holder == "bot"
