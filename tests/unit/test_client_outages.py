"""The Python client's worker waits out an outage, however long it takes, and keeps what it has done meanwhile."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from interlock_client import Client, Problem, Result, Work, Worker
from interlock_client import client as calling
from interlock_client import worker as working

ITEM = {"lease": "L1", "item": {"id": "1"}, "work_context": {}}


class Desk:
    """A server that answers as it is told to: a status for each of the next calls, then what Interlock answers."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.calls: list[str] = []
        self.leases = [[ITEM]]
        self.on_lease_without_items = lambda: None

    def answer(self, path: str) -> tuple[int, Any]:
        """What is said to a POST."""
        self.calls.append(path.rpartition("/")[2])
        if self.statuses and (status := self.statuses.pop(0)) != 200:
            return status, {"type": "about:blank", "title": "No"}
        if not path.endswith("lease"):
            return 200, {}
        if not self.leases:
            self.on_lease_without_items()
        return 200, {"items": self.leases.pop() if self.leases else []}


@pytest.fixture
def desk() -> Iterator[tuple[Desk, str]]:
    told = Desk()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, said = told.answer(self.path)
            if status == 0:  # the line is cut
                self.close_connection = True
                return
            self.send_response(status)
            body = json.dumps(said).encode()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield told, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tries a round, and short waits."""
    monkeypatch.setattr(calling, "TRIES", 2)
    monkeypatch.setattr(calling, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(working, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(working, "LONGEST_PAUSE_SECONDS", 0.01)


def do(work: Work) -> Result:
    return Result("note", {"done": True})


@pytest.mark.parametrize("fault", [503, 500, 0], ids=["away", "broken", "cut"])
def test_a_worker_outlives_outages_before_and_after_its_item(desk: tuple[Desk, str], fault: int) -> None:
    told, url = desk
    # An outage of seven tries before the lease, and one of seven between the deliverable and its completion.
    told.statuses = [fault] * 7 + [200, 200] + [fault] * 7
    with Client(url, "ilk_x") as client:
        worker = Worker(client, "cost_worker", do)
        told.on_lease_without_items = worker.stopping.set
        worker.run()
    assert told.calls == ["lease"] * 8 + ["deliverables"] + ["complete"] * 8 + ["lease"]


def test_a_worker_that_is_refused_ends_and_says_so(desk: tuple[Desk, str]) -> None:
    told, url = desk
    told.statuses = [403]
    with Client(url, "ilk_x") as client, pytest.raises(Problem):
        Worker(client, "cost_worker", do).run()


def test_a_worker_that_is_told_to_end_in_an_outage_ends(
    desk: tuple[Desk, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told, url = desk
    told.statuses = [503] * 10_000
    monkeypatch.setattr(working, "LONGEST_PAUSE_SECONDS", 60.0)
    with Client(url, "ilk_x") as client:
        worker = Worker(client, "cost_worker", do)
        threading.Timer(0.3, worker.stopping.set).start()
        worker.run()
    assert set(told.calls) == {"lease"}
