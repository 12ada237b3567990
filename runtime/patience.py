"""Long-lived requests without a thread for each: a lease that waits for work, and a stream of events that goes on.

Both endpoints answer at once with what there is. This middleware keeps the connection and asks them again whenever the
lookout finds that there may be more. So permissions and contents are decided in the endpoints only.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy

from api.follow import LAST_EVENT_ID_HEADER
from api.waiting import (
    ACCOUNT_HEADER,
    ASK_AGAIN_HEADER,
    ASK_AGAIN_TOKEN,
    ASKED_AGAIN_HEADER,
    ORGANISATION_HEADER,
    WAITS_FOR_HEADER,
    WITHIN_HEADER,
)
from events.connections import (
    ConnectionLimit,
    NoRoom,
    NoRoomForAccount,
    NoRoomForOrganisation,
    organisation_places,
)
from runtime.bodies import RequestRefused, send_refusal
from runtime.draining import waiting
from runtime.lookout import Lookout

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

LEASE = re.compile(r"/api/v1/work/lease/?")
STREAM = re.compile(r"/api/v1/projects/([0-9a-fA-F-]{36})/events/stream/?")
# Seconds after which a quiet stream is asked again: it shows proxies that it is alive, and its rights are checked.
QUIET_SECONDS = 30.0
MOST_BYTES = 64 * 1024
MOST_STREAMS, MOST_STREAMS_IN_ALL, MOST_WAITS_IN_ALL = 5, 200, 400
# Most threads of those that answer requests which waiting calls may use at the same time.
MOST_ASKING = 4
INTERNAL_HEADERS = (ASK_AGAIN_HEADER, ACCOUNT_HEADER, ORGANISATION_HEADER, WAITS_FOR_HEADER, WITHIN_HEADER)
INTERNAL = {name.lower().encode() for name in INTERNAL_HEADERS}

TOO_MANY = (
    *(429, "too-many-connections", "Too Many Requests"),
    gettext_lazy(
        "Your account has as many connections of this kind open as one may have. End one, or come back later."
    ),
)
QUOTA_REACHED = (
    *(429, "quota-reached", "Too Many Requests"),
    gettext_lazy(
        "Your organisation has as many streams and live pages open as it may. End one; whoever runs Interlock can raise"
        " the limit."
    ),
)
NO_ROOM = (
    *(503, "too-many-connections", "Service Unavailable"),
    gettext_lazy("Too many connections of this kind are open at the moment. Come back in a while."),
)


@dataclass
class Answer:
    """The application's complete answer to one request."""

    status: int = 500
    headers: Headers = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return the header's value; empty if there is none."""
        return next(
            (value.decode("latin-1") for key, value in self.headers if key.lower() == name.lower().encode()), ""
        )


class Patience:
    """ASGI middleware that keeps lease and stream requests open until there is something to answer."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.lookout = Lookout()
        self.waits = ConnectionLimit(settings.API_MOST_WAITS, MOST_WAITS_IN_ALL)
        self.streams = ConnectionLimit(MOST_STREAMS, MOST_STREAMS_IN_ALL)
        self.turns = asyncio.Semaphore(MOST_ASKING)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; any but a lease or a stream goes to the application unchanged."""
        try:
            if scope["type"] == "http" and scope["method"] == "POST" and LEASE.fullmatch(scope["path"]):
                await self.lease(scope, receive, send)
            elif scope["type"] == "http" and scope["method"] == "GET" and STREAM.fullmatch(scope["path"]):
                await self.stream(scope, receive, send)
            else:
                await self.app(scope, receive, send)
        except RequestRefused as error:
            await send_refusal(scope, send, error)

    async def lease(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with work, or without at the end of the worker's wait. Raises RequestRefused if too many wait."""
        body = await body_of(receive)
        answer = await self.ask(scope, body)
        if answer.header(ASK_AGAIN_HEADER):
            with place_for_connection(self.waits, answer), caller_watched(receive) as gone:
                answer = await self.wait_for_work(scope, body, answer, gone)
        await send_answer(send, answer)

    async def wait_for_work(self, scope: Scope, body: bytes, answer: Answer, gone: asyncio.Future[None]) -> Answer:
        """Return the answer with work; the latest one if none came in time or the caller is gone."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + float(answer.header(ASK_AGAIN_HEADER))
        within = answer.header(WITHIN_HEADER)
        with self.lookout.for_work(answer.header(WAITS_FOR_HEADER), int(within) if within else None) as wake:
            while answer.header(ASK_AGAIN_HEADER) and not gone.done() and (left := deadline - clock()) > 0:
                if await wait_for_wake(wake, gone, seconds=left):
                    answer = await self.ask_again(scope, body)
        return answer

    async def stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events there are, then new ones, until the reader is gone or may not read any more.

        Raises RequestRefused if too many follow.
        """
        answer = await self.ask(scope, b"")
        if answer.status != 200:
            await send_answer(send, answer)
            return
        project = UUID(STREAM.fullmatch(scope["path"])[1])  # type: ignore[index]
        with (
            place_for_connection(self.streams, answer),
            place_within_organisation(answer),
            caller_watched(receive) as gone,
            self.lookout.for_events(project) as wake,
        ):
            await send_head(send, answer)
            while answer.status == 200:
                if not answer.header(ASK_AGAIN_HEADER):
                    await wait_for_wake(wake, gone, seconds=QUIET_SECONDS)
                if gone.done():
                    break
                answer = await self.ask_again(scope, b"", last=answer.header(LAST_EVENT_ID_HEADER))
                if answer.status == 200:
                    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def ask_again(self, scope: Scope, body: bytes, *, last: str = "") -> Answer:
        """Return the application's answer for a waiting caller; at most MOST_ASKING are asked for at the same time."""
        async with self.turns:
            return await self.ask(scope, body, again=True, last=last)

    async def ask(self, scope: Scope, body: bytes, *, again: bool = False, last: str = "") -> Answer:
        """Return the application's complete answer to the request."""
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
@contextmanager
def place_for_connection(limit: ConnectionLimit, answer: Answer) -> Iterator[None]:
    """Hold a place for a connection of the answered account inside the block. Raises RequestRefused."""
    try:
        with limit.hold(int(answer.header(ACCOUNT_HEADER))):
            yield
    except NoRoomForAccount as error:
        raise RequestRefused(*TOO_MANY) from error
    except NoRoom as error:
        raise RequestRefused(*NO_ROOM) from error


@contextmanager
def place_within_organisation(answer: Answer) -> Iterator[None]:
    """Hold a place for a connection of the answered account's organisation. Raises RequestRefused."""
    organisation, _slash, most = answer.header(ORGANISATION_HEADER).partition("/")
    try:
        with organisation_places.hold(int(organisation), int(most) if most else None):
            yield
    except NoRoomForOrganisation as error:
        raise RequestRefused(*QUOTA_REACHED) from error


@contextmanager
def caller_watched(receive: Receive) -> Iterator[asyncio.Future[None]]:
    """Yield a future that is done once the caller is gone, or once this process is to end."""
    gone = asyncio.ensure_future(until_gone(receive))
    try:
        with waiting.until(gone):
            yield gone
    finally:
        gone.cancel()


async def wait_for_wake(wake: asyncio.Event, gone: asyncio.Future[None], *, seconds: float) -> bool:
    """Wait until `wake` is set, the caller is gone or the time is over; return whether it was set, and clear it."""
    waiting = asyncio.ensure_future(wake.wait())
    both: set[asyncio.Future[Any]] = {gone, waiting}
    await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    was_woken = wake.is_set()
    wake.clear()
    return was_woken


async def body_of(receive: Receive) -> bytes:
    """Return the request's body; one above MOST_BYTES is cut, and the endpoint then refuses it."""
    body, more = b"", True
    while more and len(body) <= MOST_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def until_gone(receive: Receive) -> None:
    """Return once the caller is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def send_head(send: Send, answer: Answer) -> None:
    """Send the head of a stream and the events there are so far."""
    dropped = {b"content-length", LAST_EVENT_ID_HEADER.lower().encode(), *INTERNAL}
    kept = [(name, value) for name, value in answer.headers if name.lower() not in dropped]
    await send({"type": "http.response.start", "status": 200, "headers": [*kept, (b"x-accel-buffering", b"no")]})
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})


async def send_answer(send: Send, answer: Answer) -> None:
    """Send the complete answer, without internal headers."""
    kept = [(name, value) for name, value in answer.headers if name.lower() not in INTERNAL]
    await send({"type": "http.response.start", "status": answer.status, "headers": kept})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


def headers_of(scope: Scope, *, again: bool, last: str) -> Iterable[tuple[bytes, bytes]]:
    """Return the request's headers; a repeated request also has the token for it and the reader's position."""
    added = {ASKED_AGAIN_HEADER: ASK_AGAIN_TOKEN if again else "", LAST_EVENT_ID_HEADER: last}
    names = {name.lower().encode() for name, value in added.items() if value or name == ASKED_AGAIN_HEADER}
    kept = [(name, value) for name, value in scope["headers"] if name.lower() not in names]
    return kept + [(name.lower().encode(), value.encode()) for name, value in added.items() if value]
