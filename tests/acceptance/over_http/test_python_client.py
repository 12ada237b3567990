"""The Python client against a running system: the whole way of a project, a worker, and a lost answer."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from interlock_client import Ask, Client, Problem, Result, Work, Worker

from backlog.models import Project
from tests.flows import KNOWN

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

ROWS = [{"text": "Match payments", "estimated_minutes": 90}, {"text": "Close the month", "estimated_minutes": 150}]
RATE = {"type": "number", "title": "Hourly rate", "exclusiveMinimum": 0}


def cost(work: Work) -> Result:
    """What the work costs; asks for the rate where nobody said it."""
    if "hourly_rate" not in work.context:
        raise Ask("It is not said.", {"hourly_rate": RATE})
    work.progress(1, 1)
    hours, rate = sum(row["estimated_minutes"] for row in work.rows()) / 60, float(work.context["hourly_rate"])
    figures = {
        "total_hours": hours,
        "hourly_rate": rate,
        "monthly_cost": hours * rate,
        "annual_cost": 12 * hours * rate,
    }
    return Result("cost_analysis", figures, evidence={"rows": 2})


def test_a_project_goes_its_whole_way_with_the_client_as_requester_person_and_worker(api: str, key: str) -> None:
    with Client(api.removesuffix("/api/v1"), key) as interlock:
        project = interlock.open("Where does our time go?", work_context={**KNOWN, "rows": ROWS}, title="Time")
        [question] = interlock.questions(project=project["id"], status="OPEN")
        with pytest.raises(Problem) as refused:
            interlock.answer(question["id"], -1)
        assert (refused.value.type, refused.value.errors[0]["pointer"]) == ("invalid-answer", "/answer")
        interlock.answer(question["id"], 50)
        worker = Worker(interlock, "cost_worker", cost)
        assert worker.once(wait=30)
        project = interlock.wait(project["id"], seconds=60)
        assert project["status"] == "DONE"
        [listed] = interlock.deliverables(project=project["id"], type="cost_analysis")
        figures = interlock.deliverable(listed["id"])["content"]
        assert (figures["monthly_cost"], figures["annual_cost"]) == (200, 2400)
        events = [event["event_type"] for event in interlock.events(project=project["id"], limit=20)]
        assert events[0] == "PROJECT.INITIAL_REQUEST_RECEIVED"
        assert len(events) > 20
        followed = interlock.follow(project["id"])
        assert [next(followed)["event_type"] for _ in events] == events


def test_a_request_whose_answer_was_lost_takes_effect_once(api: str, key: str) -> None:
    with dropping_the_first_answer(api) as url, Client(url, key) as interlock:
        project = interlock.open("Do it.", template="minimal")
    assert [str(found.pk) for found in Project.objects.all()] == [project["id"]]


@contextmanager
def dropping_the_first_answer(api: str) -> Iterator[str]:
    """An address before the system's at which the first answer is lost, after the request has had its effect."""
    host, port = api.removesuffix("/api/v1").removeprefix("http://").split(":")
    listening = socket.create_server(("127.0.0.1", 0))
    lost = threading.Event()

    def carry(near: socket.socket) -> None:
        with near, socket.create_connection((host, int(port))) as far:
            while True:
                ready, _writable, _odd = select.select([near, far], [], [])
                said = ready[0].recv(65536)
                if not said or (ready[0] is far and not lost.is_set()):
                    lost.set()
                    return
                (far if ready[0] is near else near).sendall(said)

    def serve() -> None:
        while True:
            try:
                near, _address = listening.accept()
            except OSError:
                return
            threading.Thread(target=carry, args=(near,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)
