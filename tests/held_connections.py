"""Connections that are held open: at the application itself, or at a real web server on a thread of the test."""

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from asgiref.testing import ApplicationCommunicator
from django.core.wsgi import get_wsgi_application

from runtime.heads import StrictHeads
from runtime.patience import Patience
from runtime.threads import Threads
from tests.callers import Caller
from tests.waiting import wait_until


@contextmanager
def served(application: Any) -> Iterator[int]:
    """The port at which the application is served while the block runs."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as sock:
        config = uvicorn.Config(
            application, http=StrictHeads, lifespan="off", log_level="critical", log_config=None, ws="none"
        )
        server = uvicorn.Server(config)
        runner = threading.Thread(target=server.run, args=([sock],))
        runner.start()
        wait_until(lambda: server.started)
        try:
            yield int(sock.getsockname()[1])
        finally:
            server.should_exit = server.force_exit = True
            runner.join(10)


def sent(port: int, caller: Caller, method: str, path: str, body: Any = None) -> http.client.HTTPConnection:
    """A request whose answer is waited for."""
    made = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    said = None if body is None else json.dumps(body)
    made.request(method, f"/api/v1/{path}", said, {"content-type": "application/json", **caller.headers})
    return made


def seconds_of_a_page(port: int, *, pages: int = 8) -> float:
    """How long the slowest of some pages takes that anybody may read, each on a connection of its own."""
    slowest = 0.0
    for _ in range(pages):
        started = time.monotonic()
        made = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        made.request("GET", "/sign-in/")
        assert made.getresponse().status == 200
        made.close()
        slowest = max(slowest, time.monotonic() - started)
    return slowest


def web() -> Patience:
    """The web application, as a process of it has one."""
    return Patience(Threads(get_wsgi_application(), workers=10))


def connection(
    caller: Caller, method: str, path: str, body: bytes = b"", *, to: Patience | None = None, **headers: str
) -> ApplicationCommunicator:
    """A request on its way to the web application, as the server hands it over."""
    said = {"content-type": "application/json", "content-length": str(len(body)), **caller.headers, **headers}
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": b"", "root_path": "", "scheme": "http", "server": ("localhost", 80), "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"localhost"), *((k.encode(), v.encode()) for k, v in said.items())],
    }  # fmt: skip
    made = ApplicationCommunicator(to or web(), scope)
    made.input_queue.put_nowait({"type": "http.request", "body": body, "more_body": False})
    return made


def run(test: Awaitable[None]) -> None:
    """Run the test's own loop."""

    async def bounded() -> None:
        await asyncio.wait_for(test, 20)

    asyncio.run(bounded())


async def answered(made: ApplicationCommunicator) -> tuple[int, Any]:
    """The status and the JSON of a whole answer."""
    start = await made.receive_output(15)
    body = await made.receive_output(15)
    return start["status"], json.loads(body["body"])


async def text_until(made: ApplicationCommunicator, wanted: str) -> str:
    """What the stream says until it says this."""
    said = ""
    while wanted not in said:
        message = await made.receive_output(15)
        said += message.get("body", b"").decode()
    return said


def lease_of(caller: Caller, wait: int, *, to: Patience | None = None) -> ApplicationCommunicator:
    """A worker that waits for an item."""
    body = json.dumps({"agent": "foreign_worker", "wait": wait}).encode()
    return connection(caller, "POST", "/api/v1/work/lease", body, to=to)
