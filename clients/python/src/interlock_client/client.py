"""The client: one method for each call. A POST that is sent again after a lost connection takes effect once."""

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

# How often a call is made before its error is raised, and the bounds of the growing waits between.
TRIES = 6
FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 20.0
# Longer than the longest wait for a lease.
TIMEOUT = httpx.Timeout(60, connect=10)
# Statuses of a server or proxy that is busy or not available: the call is made again.
PASSING = (429, 502, 503, 504)


class Problem(Exception):
    """Interlock refused the call, and nothing was changed.

    `body` is the problem document (RFC 9457); `type` is the last part of its type, such as `stale-lease`.
    """

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(f"{status}: {body.get('detail') or body.get('title')}")
        self.status, self.body = status, body
        self.type = str(body.get("type", "about:blank")).rpartition(":")[2]
        self.detail = str(body.get("detail", ""))
        self.errors: list[Json] = body.get("errors", [])
        self.allowed: list[str] = body.get("allowed", [])

    @property
    def may_pass(self) -> bool:
        """Return True if the error may end by itself: the server or proxy is busy, broken or not available."""
        return self.status == 429 or self.status >= 500


class Client:
    """Calls one Interlock server with one API key. Every method may raise Problem or httpx.TransportError."""

    def __init__(self, url: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        # The name of the key's account, once somebody has asked for it.
        self.account: str | None = None
        self.http = httpx.Client(base_url=f"{url.rstrip('/')}/api/v1/", headers=headers, timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.http.close()

    # -- projects --------------------------------------------------------------------------------
    def open(self, text: str = "", *, file: str | Path = "", **fields: Any) -> Json:
        """Open a project and return it. `fields`: title, template, work_context, project_id."""
        if text:
            fields["request_text"] = text
        if not file:
            return self.post("projects", fields)
        form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
        return self.post("projects", data=form, files={"file": (Path(file).name, Path(file).read_bytes())})

    def project(self, project_id: str) -> Json:
        """Return the project as it is now."""
        return self.get(f"projects/{project_id}")

    def projects(self, **query: Any) -> Iterator[Json]:
        """Yield projects, newest first. Filters: status, template, requester, q, opened_after, opened_before."""
        return self.rows("projects", query)

    def wait(self, project_id: str, *, seconds: float = 600, every: float = 0.5) -> Json:
        """Wait until the project has ended and return it. Raises TimeoutError after `seconds`."""
        deadline = time.monotonic() + seconds
        while not (project := self.project(project_id))["finished_at"]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"Project {project_id} is {project['status']} after {seconds} s.")
            time.sleep(every)
        return project

    def cancel(self, project_id: str, reason: str) -> Json:
        """Cancel the project and return it."""
        return self.post(f"projects/{project_id}/cancel", {"reason": reason})

    # -- items -----------------------------------------------------------------------------------
    def items(self, **query: Any) -> Iterator[Json]:
        """Yield work items. Filters: project, state, agent."""
        return self.rows("items", query)

    # -- questions -------------------------------------------------------------------------------
    def questions(self, **query: Any) -> Iterator[Json]:
        """Yield questions in the order in which they are due. Filters: project, status, kind, field, whose."""
        return self.rows("questions", query)

    def answer(self, question_id: str, answer: Any) -> Json:
        """Answer the question and return it."""
        return self.post(f"questions/{question_id}/answer", {"answer": answer})

    def decline(self, question_id: str, reason: str) -> Json:
        """Decline the question and return it: the items that need its answer are cancelled."""
        return self.post(f"questions/{question_id}/decline", {"reason": reason})

    # -- results ---------------------------------------------------------------------------------
    def deliverables(self, **query: Any) -> Iterator[Json]:
        """Yield deliverables without their contents, newest first. Filters: project, item, type."""
        return self.rows("deliverables", query)

    def deliverable(self, deliverable_id: str) -> Json:
        """Return the deliverable with its content."""
        return self.get(f"deliverables/{deliverable_id}")

    def events(self, **query: Any) -> Iterator[Json]:
        """Yield events of the ledger, oldest first. Filters: project, type, since, after, causation."""
        return self.rows("events", query)

    def follow(self, project_id: str, *, after: int = 0) -> Iterator[Json]:
        """Yield the events of the project as they happen, those with a `seq` above `after`.

        Reconnects by itself after a lost connection, and never ends.
        """
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                for event in self.stream_once(project_id, after):
                    after, wait = event["seq"], FIRST_WAIT_SECONDS
                    yield event
            except (httpx.TransportError, Problem) as error:
                if isinstance(error, Problem) and not error.may_pass:
                    raise
                time.sleep(wait * random.uniform(0.5, 1))
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    def stream_once(self, project_id: str, after: int) -> Iterator[Json]:
        """Yield the events of one connection, until it ends."""
        headers = {"Last-Event-ID": str(after), "Accept": "text/event-stream"}
        with self.http.stream("GET", f"projects/{project_id}/events/stream", headers=headers) as response:
            if response.is_error:
                response.read()
                raise problem(response)
            for line in response.iter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))

    # -- requests --------------------------------------------------------------------------------
    def get(self, path: str, **query: Any) -> Json:
        """Return the JSON object at the path."""
        response: Json = self.call("GET", path, params=query or None).json()
        return response

    def rows(self, path: str, query: Json) -> Iterator[Json]:
        """Yield every row of a list, page after page."""
        page = self.get(path, **query)
        while True:
            yield from page["results"]
            if not page["next"]:
                return
            page = self.get(page["next"])

    def post(self, path: str, body: Json | None = None, **form: Any) -> Json:
        """Send a POST with a JSON body, or with `data` and `files` as a form, and return its response.

        The request has an Idempotency-Key, so that it takes effect once even if it is sent again.
        """
        content = form or {"json": body or {}}
        response: Json = self.call("POST", path, headers={"Idempotency-Key": str(uuid4())}, **content).json()
        return response

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Return the response. After a transport error or a status in PASSING, the call is made up to TRIES times."""
        for left in reversed(range(TRIES)):
            wait = min(FIRST_WAIT_SECONDS * 2.0 ** (TRIES - 1 - left), LONGEST_WAIT_SECONDS) * random.uniform(0.5, 1)
            try:
                response = self.http.request(method, path, **options)
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
    """Return the Problem of a refused response; its `detail` is empty if the body is not a problem document."""
    try:
        body = response.json()
    except ValueError:
        body = {}
    return Problem(response.status_code, body if isinstance(body, dict) else {})


def seconds_in(retry_after: str) -> float:
    """Return the seconds of a Retry-After header; 0 if it is absent or a date."""
    return float(retry_after) if retry_after.isdigit() else 0.0
