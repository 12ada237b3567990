"""Runs the pages and REST, which are synchronous, in threads that seldom wait for the event loop.

Each time that a thread waits for the loop, Python's lock changes hands twice, and with busy threads beside them each
change takes milliseconds. So a thread gets the first part of a body with the request, and gives back a whole page.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from typing import Any

from a2wsgi.wsgi import Body, build_environ

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[str, str]]

# An answer up to this size is sent in one go; of a longer one no more than this and one part are held in memory.
HELD_BYTES = 256 * 1024


class Threads:
    """ASGI application that runs a WSGI application, `workers` requests at the same time."""

    def __init__(self, app: Callable[..., Iterable[bytes]], *, workers: int) -> None:
        self.app = app
        self.executor = ThreadPoolExecutor(workers, "WSGI")

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve an HTTP request."""
        loop = asyncio.get_running_loop()
        environ = build_environ(scope, await body_of(receive, loop))
        answer = Answer(loop, send)
        produce = partial(contextvars.copy_context().run, answer.produce, self.app, environ)
        await loop.run_in_executor(self.executor, produce)
        await answer.send_held()


class Answer:
    """The answer to one request: made in a thread, sent by the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, send: Send) -> None:
        self.loop, self.send = loop, send
        self.held: list[Message] = []
        self.held_bytes = 0

    def produce(self, app: Callable[..., Iterable[bytes]], environ: Any) -> None:
        """Have the application answer; what is left at the end is in `held`. Raises what the application raises."""
        parts = app(environ, self.start)
        try:
            for part in parts:
                self.hold({"type": "http.response.body", "body": part, "more_body": True})
        finally:
            getattr(parts, "close", lambda: None)()
        self.hold({"type": "http.response.body", "body": b"", "more_body": False})

    def start(self, status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], None]:
        """Take the head of the answer, as WSGI's start_response does; parts may be given to what is returned."""
        encoded = [(name.strip().lower().encode("latin-1"), value.strip().encode("latin-1")) for name, value in headers]
        self.hold({"type": "http.response.start", "status": int(status.split(" ", 1)[0]), "headers": encoded})
        return lambda part: self.hold({"type": "http.response.body", "body": part, "more_body": True})

    def hold(self, message: Message) -> None:
        """Keep the message to be sent; once much is kept, wait until it is sent."""
        self.held.append(message)
        self.held_bytes += len(message.get("body", b""))
        if self.held_bytes >= HELD_BYTES:
            asyncio.run_coroutine_threadsafe(self.send_held(), self.loop).result()

    async def send_held(self) -> None:
        """Send what is kept, the parts of the body as one."""
        messages, self.held, self.held_bytes = self.held, [], 0
        parts = [message for message in messages if message["type"] == "http.response.body"]
        for message in messages[: len(messages) - len(parts)]:
            await self.send(message)
        if parts:
            await self.send({**parts[-1], "body": b"".join(part["body"] for part in parts)})


async def body_of(receive: Receive, loop: asyncio.AbstractEventLoop) -> Any:
    """Return the body of a request as a file; one that comes in several parts is received while it is read."""
    first = await receive()
    if not first.get("more_body"):
        return BytesIO(first.get("body", b""))
    waiting = [first]

    async def next_part() -> Any:
        return waiting.pop() if waiting else await receive()

    return Body(loop, next_part)
