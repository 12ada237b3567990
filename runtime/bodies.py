"""Bodies are read before a thread is taken: whoever sends slowly, or too much, costs a connection and nothing more.

A body that ends before it is whole never reaches the application. While the application works, this notices when the
caller goes away, so that the reading of an upload stops.
"""

import asyncio
import re
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from threading import Event
from typing import IO, Any

import orjson
from django.utils.translation import get_supported_language_variant, gettext_lazy, override
from django.utils.translation.trans_real import parse_accept_lang_header

from intake.spreadsheets.outside import asker_gone

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MB = 1024 * 1024
# Where a form may bring a file of 20 MB; a little more is taken, so that the form itself can say that it is too large.
FILE_DOORS = re.compile(r"/(?:requests/new|api/v1/projects|questions?/.*|answer/.*|admin/clarifications/.*)/?")
MOST_BYTES, MOST_BYTES_WITH_FILE = 2 * MB + MB // 2, 32 * MB
# Held in memory; what is larger is on the disk, under no name.
IN_MEMORY_BYTES = 64 * 1024
CHUNK_BYTES = 64 * 1024
RETRY_SECONDS = 10


@dataclass(frozen=True)
class Limits:
    """How slowly a body may come, and how many may be on their way at once."""

    grace_seconds: float = 10.0
    least_bytes_a_second: float = 4096.0
    longest_seconds: float = 300.0
    at_once: int = 512
    at_once_an_address: int = 64


class NotTaken(Exception):
    """The request is refused before the application sees it."""

    def __init__(self, status: int, name: str, title: str, words: Any) -> None:
        super().__init__(name)
        self.status, self.name, self.title, self.words = status, name, title, words


class CallerGone(Exception):
    """Nobody waits for an answer."""


AMBIGUOUS = (400, "ambiguous-length", "Bad Request", gettext_lazy("The request says its length in two ways."))
TOO_LARGE = (413, "body-too-large", "Content Too Large", gettext_lazy("The request is larger than what is taken here."))
TOO_SLOW = (408, "too-slow", "Request Timeout", gettext_lazy("The request took too long to arrive. Send it again."))
TOO_MANY = (
    *(429, "too-many-bodies", "Too Many Requests"),
    gettext_lazy("Too many requests from your address are arriving at the moment. Send this one again in a while."),
)
NO_ROOM = (
    *(503, "too-many-bodies", "Service Unavailable"),
    gettext_lazy("Too many requests are arriving at the moment. Send this one again in a while."),
)


@dataclass
class Bodies:
    """The application, with requests that have arrived whole."""

    app: App
    limits: Limits = field(default_factory=Limits)
    arriving: Counter[str] = field(default_factory=Counter)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        names = {name for name, _value in scope["headers"]}
        if not names & {b"content-length", b"transfer-encoding"}:
            await self.app(scope, receive, send)
            return
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as body:
            try:
                size = await self.arrived(scope, receive, body)
            except CallerGone:
                return
            except NotTaken as error:
                await refuse(scope, send, error)
                return
            await self.serve(with_length(scope, size), body, size, receive, send)

    async def serve(self, scope: Scope, body: IO[bytes], size: int, receive: Receive, send: Send) -> None:
        """Have the application answer; whoever reads an upload for it is told when the caller is gone."""
        gone, left = Event(), asyncio.Event()
        asker_gone.set(gone)
        watch = asyncio.ensure_future(tell_when_gone(receive, gone, left))
        try:
            await self.app(scope, told(body, size, left), send)
        finally:
            watch.cancel()

    async def arrived(self, scope: Scope, receive: Receive, body: IO[bytes]) -> int:
        """Put the body into the file; its size. Raises NotTaken or CallerGone."""
        most = largest(scope)
        declared = declared_length(scope)
        if declared is not None and declared > most:
            raise NotTaken(*TOO_LARGE)
        address = (scope.get("client") or ("",))[0]
        if self.arriving[address] >= self.limits.at_once_an_address:
            raise NotTaken(*TOO_MANY)
        if self.arriving.total() >= self.limits.at_once:
            raise NotTaken(*NO_ROOM)
        self.arriving[address] += 1
        try:
            size = await self.spooled(receive, body, most)
        finally:
            self.arriving -= Counter({address: 1})
        if declared is not None and size != declared:
            raise NotTaken(*AMBIGUOUS)
        return size

    async def spooled(self, receive: Receive, body: IO[bytes], most: int) -> int:
        """Read to the end, as fast as the limits demand; the size. Raises NotTaken or CallerGone."""
        clock = asyncio.get_running_loop().time
        started, size, more = clock(), 0, True
        while more:
            until = started + self.allowed_seconds(size)
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise NotTaken(*TOO_SLOW) from None
            if message["type"] == "http.disconnect":
                raise CallerGone
            more, chunk = message.get("more_body", False), message.get("body", b"")
            size += len(chunk)
            if size > most:
                raise NotTaken(*TOO_LARGE)
            body.write(chunk)
        body.seek(0)
        return size

    def allowed_seconds(self, size: int) -> float:
        """How long so much of a body may have taken."""
        return min(self.limits.grace_seconds + size / self.limits.least_bytes_a_second, self.limits.longest_seconds)


def largest(scope: Scope) -> int:
    """How large the body may be at this address."""
    is_form = header(scope, b"content-type").lower().startswith(b"multipart/form-data")
    return MOST_BYTES_WITH_FILE if is_form and FILE_DOORS.fullmatch(scope["path"]) else MOST_BYTES


def declared_length(scope: Scope) -> int | None:
    """The length that the caller states; None for a body in chunks. Raises NotTaken where both are said."""
    length, chunked = header(scope, b"content-length"), header(scope, b"transfer-encoding")
    if length and chunked:
        raise NotTaken(*AMBIGUOUS)
    return int(length) if length else None


def header(scope: Scope, name: bytes) -> bytes:
    """The header's value; empty where there is none."""
    return next((value for key, value in scope["headers"] if key.lower() == name), b"")


def with_length(scope: Scope, size: int) -> Scope:
    """The request with the length of its body, and without the way it came."""
    gone = (b"content-length", b"transfer-encoding")
    kept = [(name, value) for name, value in scope["headers"] if name.lower() not in gone]
    return {**scope, "headers": [*kept, (b"content-length", str(size).encode())]}


def told(body: IO[bytes], size: int, left: asyncio.Event) -> Receive:
    """The body as the application asks for it; afterwards, that the caller is gone, once it is."""
    is_told = False

    async def next_part() -> dict[str, Any]:
        nonlocal is_told
        if is_told:
            await left.wait()
            return {"type": "http.disconnect"}
        chunk = body.read(CHUNK_BYTES)
        is_told = body.tell() >= size
        return {"type": "http.request", "body": chunk, "more_body": not is_told}

    return next_part


async def tell_when_gone(receive: Receive, gone: Event, left: asyncio.Event) -> None:
    """Set both events once the caller is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()
    left.set()


async def refuse(scope: Scope, send: Send, error: NotTaken) -> None:
    """Answer with a problem, and end the connection: what is left of the body is nobody's."""
    with override(language_of(scope)):
        words = str(error.words)
    kind = f"urn:interlock:problem:{error.name}"
    said = orjson.dumps({"type": kind, "title": error.title, "status": error.status, "detail": words})
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(said)).encode()),
        (b"connection", b"close"),
    ]
    if error.status in (429, 503):
        headers.append((b"retry-after", str(RETRY_SECONDS).encode()))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": said})


def language_of(scope: Scope) -> str:
    """The first language of the caller that the system speaks."""
    for code, _weight in parse_accept_lang_header(header(scope, b"accept-language").decode("latin-1")):
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return "en"
