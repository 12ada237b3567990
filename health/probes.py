"""Answers `/healthz` and `/readyz`, before any middleware and on no thread that pages need.

`/healthz`: the event loop of this web process turns; nothing else is asked. `/readyz`: 200 or 503 by the checks of
`health/checks.py`, as JSON. An orchestrator restarts a process for the first one, and a load balancer sends it no
traffic for the second: a database that is away is no reason to restart.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson

from health.callers import KnownCallers, credentials, is_near
from health.checks import everything
from health.watch import NOT_READY

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HEALTHZ, READYZ = ("/healthz", "/healthz/"), ("/readyz", "/readyz/")


class Probes:
    """ASGI middleware that answers the two addresses; every other request goes to the application."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.looks = ThreadPoolExecutor(1, "health")
        self.callers = KnownCallers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        path = scope["path"]
        if path not in (*HEALTHZ, *READYZ):
            await self.app(scope, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            await answer(scope, send, 405, {"status": "only GET and HEAD"})
        elif path in HEALTHZ:
            await answer(scope, send, 200, {"status": "ok"})
        else:
            await self.ready(scope, send)

    async def ready(self, scope: Scope, send: Send) -> None:
        """Answer with the report: 503 if this process should get no traffic, 200 otherwise."""
        is_told = is_near(scope) or await self.callers.include(*credentials(scope))
        report = await asyncio.get_running_loop().run_in_executor(self.looks, everything().look)
        status = 503 if report.status == NOT_READY else 200
        await answer(scope, send, status, report.as_data(detailed=is_told))


async def answer(scope: Scope, send: Send, status: int, content: dict[str, Any]) -> None:
    """Send the content as JSON; nobody may keep it."""
    body = orjson.dumps(content)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *([(b"allow", b"GET, HEAD")] if status == 405 else []),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
