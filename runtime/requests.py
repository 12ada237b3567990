"""Watches each request from its arrival to the end of its answer: its id, its figures and its line in the log.

Also answers `/metrics`, before Django: Prometheus asks a process by its address, which is no name of the pages, and
needs none of the threads that answer people.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject
from prometheus_client import CollectorRegistry

from health.callers import KnownCallers, credentials
from runtime import exposition
from runtime.system_metrics import SystemCollector
from telemetry import metrics, requests, tracing

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger("interlock.requests")

REQUEST_ID, STATIC = b"x-request-id", "/static"
# Longest wait for the figures of the whole system; later, those of the last look are shown.
LOOK_SECONDS = 4.0


class Watched:
    """ASGI middleware around all others: gives each request an id, counts it, and logs it when it is answered."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.collector = SystemCollector()
        self.system = system_registry(self.collector)
        # One thread, and so one connection of the database.
        self.thread = ThreadPoolExecutor(1, "metrics")
        self.looking: asyncio.Future[None] | None = None
        self.callers = KnownCallers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] == "/metrics":
            await self.show_metrics(scope, send)
        else:
            await self.watch(scope, receive, send)

    async def watch(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request of the application, then count it and log it."""
        given = next((value for name, value in scope["headers"] if name == REQUEST_ID), b"")
        request = requests.new_request(scope["method"], given.decode("latin-1"))
        requests.current.set(request)
        began, span = time.perf_counter(), begin_span(request, scope)

        async def send_with_id(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                request.status = message["status"]
                message = {**message, "headers": [*message["headers"], (REQUEST_ID, request.id.encode())]}
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            if request.route == metrics.OTHER and scope["path"].startswith("/static/"):
                request.route = STATIC
            note_answered(request, time.perf_counter() - began)
            end_span(request, span)

    async def show_metrics(self, scope: Scope, send: Send) -> None:
        """Answer with the figures, or with 403 to those who may not see them."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        key, _session = credentials(scope)
        is_allowed = exposition.is_allowed((scope.get("client") or ("",))[0], headers)
        if not is_allowed and not await self.callers.include(key, ""):
            await respond(send, 403, exposition.REFUSAL.encode(), "text/plain; charset=utf-8")
            return
        await self.look()
        text = exposition.text_of(*exposition.shown_on_web, self.system)
        await respond(send, 200, text, exposition.CONTENT_TYPE)

    async def look(self) -> None:
        """Have the thread look at the system; return when it has, or after LOOK_SECONDS if a part does not answer."""
        if self.looking is None or self.looking.done():
            self.looking = asyncio.get_running_loop().run_in_executor(self.thread, self.collector.look)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self.looking), LOOK_SECONDS)


def system_registry(collector: SystemCollector | None = None) -> CollectorRegistry:
    """Return a registry of the figures of the whole system."""
    registry = CollectorRegistry()
    registry.register(collector or SystemCollector())
    return registry


async def respond(send: Send, status: int, body: bytes, kind: str) -> None:
    """Send a complete answer that nobody keeps."""
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def begin_span(request: requests.Request, scope: Scope) -> tracing.Span | None:
    """Begin the span of a request, under its caller's; None if nothing is traced."""
    given = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")
    span = tracing.begin(request.method, parent=given, kind="server")
    request.traceparent = span.traceparent if span else ""
    return span


def end_span(request: requests.Request, span: tracing.Span | None) -> None:
    """End the span of a request that is answered."""
    if span:
        values: dict[str, str | int] = {"http.request.method": request.method, "http.route": request.route}
        values |= {"interlock.request": request.id, "interlock.project": request.project}
        values["http.response.status_code"] = request.status
        span.end(values, name=f"{request.method} {request.route}", is_error=request.status >= 500)


def note_answered(request: requests.Request, seconds: float) -> None:
    """Count the request and log it. Status 499 means that the caller left before there was an answer."""
    status = request.status or 499
    metrics.REQUESTS.labels(request.method, request.route, str(status)).inc()
    metrics.REQUEST_SECONDS.labels(request.route).observe(seconds)
    if request.route != STATIC:  # a page has a dozen of them, about which nobody asks
        words = (request.method, request.route, status)
        logger.info("%s %s %s", *words, extra={"seconds": round(seconds, 4), "outcome": status})


class NotedRoute:
    """Django middleware: notes which route answers the request, before anything may refuse it, and whose it was."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request unchanged."""
        response = self.get_response(request)
        # Who came in was found out on the way; where it was not, nobody is asked now.
        user = vars(request).get("user")
        known = getattr(request, "_cached_user", None) if isinstance(user, SimpleLazyObject) else user
        requests.note_account(getattr(known, "pk", None))
        return response

    def process_view(self, request: HttpRequest, _view: object, _args: object, named: dict[str, Any]) -> None:
        """Note the route, and the project that the address names."""
        if match := request.resolver_match:
            is_project = match.route.startswith(("projects/", "api/v1/projects/"))
            project = named.get("project_id") or (named.get("pk") if is_project else "")
            requests.note_route(match.route, str(project or ""))
