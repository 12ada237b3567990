"""The calls, each a method; what is sent again after a lost connection takes effect once."""

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx

Json = dict[str, Any]

TRIES = 6
FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 20.0
# Above the longest wait for a lease.
TIMEOUT = httpx.Timeout(60, connect=10)
# The server or what stands before it is busy or away; the call may be made again.
PASSING = (429, 502, 503, 504)


class Problem(Exception):
    """Interlock refused (RFC 9457); nothing changed."""

    def __init__(self, status: int, said: Json) -> None:
        super().__init__(f"{status}: {said.get('detail') or said.get('title')}")
        self.status, self.said = status, said
        self.type = str(said.get("type", "about:blank")).rpartition(":")[2]
        self.detail = str(said.get("detail", ""))
        self.errors: list[Json] = said.get("errors", [])
        self.allowed: list[str] = said.get("allowed", [])

    @property
    def may_pass(self) -> bool:
        """Whether the server, or what stands before it, is only busy, broken or away."""
        return self.status == 429 or self.status >= 500


class Client:
    """A connection to one Interlock with one key. Every call may raise Problem or httpx.TransportError."""

    def __init__(self, url: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self.http = httpx.Client(base_url=f"{url.rstrip('/')}/api/v1/", headers=headers, timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.http.close()

    # -- projects --------------------------------------------------------------------------------
    def open(self, text: str = "", *, file: str | Path = "", **said: Any) -> Json:
        """A new project; `said` may have title, template, work_context and project_id."""
        if text:
            said["request_text"] = text
        if not file:
            return self.post("projects", said)
        form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in said.items()}
        return self.post("projects", data=form, files={"file": (Path(file).name, Path(file).read_bytes())})

    def project(self, project_id: str) -> Json:
        """The project as it is now."""
        return self.get(f"projects/{project_id}")

    def projects(self, **query: Any) -> Iterator[Json]:
        """Projects, the newest first; by status, template, requester, q, opened_after, opened_before."""
        return self.every("projects", query)

    def wait(self, project_id: str, *, seconds: float = 600, every: float = 0.5) -> Json:
        """The project once it is over. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while not (project := self.project(project_id))["finished_at"]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"Project {project_id} is {project['status']} after {seconds} s.")
            time.sleep(every)
        return project

    def cancel(self, project_id: str, reason: str) -> Json:
        """The project, cancelled."""
        return self.post(f"projects/{project_id}/cancel", {"reason": reason})

    # -- items -----------------------------------------------------------------------------------
    def items(self, **query: Any) -> Iterator[Json]:
        """Work items; by project, state, agent."""
        return self.every("items", query)

    # -- questions -------------------------------------------------------------------------------
    def questions(self, **query: Any) -> Iterator[Json]:
        """Questions, those due first; by project, status, kind, field, whose."""
        return self.every("questions", query)

    def answer(self, question_id: str, answer: Any) -> Json:
        """The question, answered."""
        return self.post(f"questions/{question_id}/answer", {"answer": answer})

    def decline(self, question_id: str, reason: str) -> Json:
        """The question, declined: what needs it is cancelled."""
        return self.post(f"questions/{question_id}/decline", {"reason": reason})

    # -- what came of it -------------------------------------------------------------------------
    def deliverables(self, **query: Any) -> Iterator[Json]:
        """Deliverables without their contents, the newest first; by project, item, type."""
        return self.every("deliverables", query)

    def deliverable(self, deliverable_id: str) -> Json:
        """The deliverable with its content."""
        return self.get(f"deliverables/{deliverable_id}")

    def events(self, **query: Any) -> Iterator[Json]:
        """Events of the ledger, the oldest first; by project, type, since, after, causation."""
        return self.every("events", query)

    def follow(self, project_id: str, *, after: int = 0) -> Iterator[Json]:
        """The project's events as they happen, from the one past `after`; reconnects by itself, and never ends."""
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                for event in self.streamed(project_id, after):
                    after, wait = event["seq"], FIRST_WAIT_SECONDS
                    yield event
            except (httpx.TransportError, Problem) as error:
                if isinstance(error, Problem) and not error.may_pass:
                    raise
                time.sleep(wait * random.uniform(0.5, 1))
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    def streamed(self, project_id: str, after: int) -> Iterator[Json]:
        """What one connection tells."""
        headers = {"Last-Event-ID": str(after), "Accept": "text/event-stream"}
        with self.http.stream("GET", f"projects/{project_id}/events/stream", headers=headers) as response:
            if response.is_error:
                response.read()
                raise problem(response)
            for line in response.iter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))

    # -- calling ---------------------------------------------------------------------------------
    def get(self, path: str, **query: Any) -> Json:
        """What is at the path."""
        found: Json = self.call("GET", path, params=query or None).json()
        return found

    def every(self, path: str, query: Json) -> Iterator[Json]:
        """Every row of a list, page after page."""
        page = self.get(path, **query)
        while True:
            yield from page["results"]
            if not page["next"]:
                return
            page = self.get(page["next"])

    def post(self, path: str, said: Json | None = None, **sent: Any) -> Json:
        """The answer to a POST, which takes effect once."""
        body = sent or {"json": said or {}}
        found: Json = self.call("POST", path, headers={"Idempotency-Key": str(uuid4())}, **body).json()
        return found

    def call(self, method: str, path: str, **sent: Any) -> httpx.Response:
        """The response, after as many tries as it takes while the fault may pass."""
        for left in reversed(range(TRIES)):
            wait = min(FIRST_WAIT_SECONDS * 2.0 ** (TRIES - 1 - left), LONGEST_WAIT_SECONDS) * random.uniform(0.5, 1)
            try:
                response = self.http.request(method, path, **sent)
            except httpx.TransportError:
                if not left:
                    raise
            else:
                if response.status_code not in PASSING or not left:
                    break
                wait = max(wait, seconds_in(response.headers.get("Retry-After", "")))
            time.sleep(wait)
        if response.is_error:
            raise problem(response)
        return response


def problem(response: httpx.Response) -> Problem:
    """Why it was refused; in the words of the status where the answer has no others."""
    try:
        said = response.json()
    except ValueError:
        said = {}
    return Problem(response.status_code, said if isinstance(said, dict) else {})


def seconds_in(retry_after: str) -> float:
    """How long the server asks to wait; nothing where it does not say so in seconds."""
    return float(retry_after) if retry_after.isdigit() else 0.0
