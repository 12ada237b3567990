"""Holding on: a lease that waits for work, and a stream of events that goes on, without a thread for each.

Both endpoints answer at once with what there is. This stands in front of them, keeps the connection, and asks again;
so who may ask, and what they get, is decided in one place only.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from channels.layers import get_channel_layer

from api.follow import LAST
from api.waiting import AGAIN, ASKED_AGAIN, TOKEN
from events.live import group_name

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

LEASE = re.compile(r"/api/v1/work/lease/?")
STREAM = re.compile(r"/api/v1/projects/([0-9a-fA-F-]{36})/events/stream/?")
# A worker that waits asks the database so often; a follower is told, and asks so often by itself.
LEASE_EVERY_SECONDS = 0.5
STREAM_EVERY_SECONDS = 2.0
# Rows are read once every older transaction has ended: soon after the follower was told.
SOON_SECONDS = 0.2
MOST_BYTES = 64 * 1024


@dataclass
class Answer:
    """What the application answered."""

    status: int = 500
    headers: Headers = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str:
        """A header's value; empty where there is none."""
        return next(
            (value.decode("latin-1") for key, value in self.headers if key.lower() == name.lower().encode()), ""
        )


class Patience:
    """The application, with patience for leases and streams."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] == "http" and scope["method"] == "POST" and LEASE.fullmatch(scope["path"]):
            await self.lease(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] == "GET" and (found := STREAM.fullmatch(scope["path"])):
            await self.stream(scope, receive, send, found[1].lower())
        else:
            await self.app(scope, receive, send)

    async def lease(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask until there is work, or the worker has waited long enough or is gone."""
        body = await whole(receive)
        gone = asyncio.ensure_future(left(receive))
        started = asyncio.get_running_loop().time()
        answer = await self.ask(scope, body)
        while wait := float(answer.header(AGAIN) or 0):
            over = started + wait - asyncio.get_running_loop().time()
            if over <= 0 or gone.done():
                break
            await asyncio.sleep(min(over, LEASE_EVERY_SECONDS))
            answer = await self.ask(scope, body, again=True)
        gone.cancel()
        await reply(send, answer)

    async def stream(self, scope: Scope, receive: Receive, send: Send, project: str) -> None:
        """Send what there is, then what comes, until the reader is gone or may not read any more."""
        layer = get_channel_layer()
        channel, group = await layer.new_channel(), group_name(f"project:{project}")
        await layer.group_add(group, channel)
        gone = asyncio.ensure_future(left(receive))
        changed = asyncio.ensure_future(layer.receive(channel))
        try:
            answer = await self.ask(scope, b"")
            if answer.status != 200:
                await reply(send, answer)
                return
            await begin(send, answer)
            while not gone.done() and answer.status == 200:
                await asyncio.wait({gone, changed}, timeout=STREAM_EVERY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if changed.done():
                    changed = asyncio.ensure_future(layer.receive(channel))
                    await asyncio.sleep(SOON_SECONDS)
                answer = await self.ask(scope, b"", again=True, last=answer.header(LAST))
                if answer.status == 200:
                    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await layer.group_discard(group, channel)
            for task in (gone, changed):
                task.cancel()

    async def ask(self, scope: Scope, body: bytes, *, again: bool = False, last: str = "") -> Answer:
        """The application's answer to the request, whole."""
        answer = Answer()
        parts = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return parts.pop() if parts else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.headers = message["status"], list(message["headers"])
            else:
                answer.body += message.get("body", b"")

        await self.app({**scope, "headers": headers_of(scope, again=again, last=last)}, receive, send)
        return answer


# -- the connection --------------------------------------------------------------------------------
async def whole(receive: Receive) -> bytes:
    """The request's body; one that is too long is cut, and refused for it."""
    body, more = b"", True
    while more and len(body) <= MOST_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def left(receive: Receive) -> None:
    """Return once the caller is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def begin(send: Send, answer: Answer) -> None:
    """The start of a stream, and what there is so far."""
    kept = [
        (name, value)
        for name, value in answer.headers
        if name.lower() not in (b"content-length", LAST.lower().encode())
    ]
    await send({"type": "http.response.start", "status": 200, "headers": [*kept, (b"x-accel-buffering", b"no")]})
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})


async def reply(send: Send, answer: Answer) -> None:
    """The whole answer."""
    kept = [(name, value) for name, value in answer.headers if name.lower() != AGAIN.lower().encode()]
    await send({"type": "http.response.start", "status": answer.status, "headers": kept})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


def headers_of(scope: Scope, *, again: bool, last: str) -> Iterable[tuple[bytes, bytes]]:
    """The request's headers; asked again, they say so, and where the reader is."""
    added = {ASKED_AGAIN: TOKEN if again else "", LAST: last}
    names = {name.lower().encode() for name, value in added.items() if value or name == ASKED_AGAIN}
    kept = [(name, value) for name, value in scope["headers"] if name.lower() not in names]
    return kept + [(name.lower().encode(), value.encode()) for name, value in added.items() if value]
