"""Reads the body of each request before a thread is used: a slow or huge upload costs a connection and no thread.

A request whose body is incomplete never reaches the application. While the application works, the connection is
watched, so that the reading of an upload stops when the caller goes away.

Receiving costs time that the pages of this process miss: so all large bodies together arrive at a rate that leaves
them nearly all of it (`runtime/byte_rate.py`), and a program whose file could not be read now is told so before it is
received. A person's form is received all the same: its page keeps the file and what was typed for another try.
"""

import asyncio
import re
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event
from typing import IO, Any

import orjson
from django.conf import settings
from django.utils.functional import lazy
from django.utils.translation import get_supported_language_variant, gettext_lazy, override
from django.utils.translation.trans_real import parse_accept_lang_header

from intake.spreadsheets.outside import caller_gone
from intake.spreadsheets.places import AGAIN_SECONDS, busy_words, is_place_free
from runtime.byte_rate import ByteRate
from runtime.draining import waiting

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MB = 1024 * 1024
# Addresses whose forms may upload a file. A little more than it may have is received, so that the form can report it.
FILE_DOORS = re.compile(r"/(?:requests/new|api/v1/projects|questions?/.*|answer/.*|admin/clarifications/.*)/?")
# A form of so few bytes from a program has fields and no file that would have to be read.
PROGRAM_DOORS, BYTES_OF_FIELDS = "/api/", 4096
MOST_BYTES, BYTES_BESIDE_FILE = 2 * MB + MB // 2, 12 * MB
# Bytes of a body that are held in memory; a larger body is in a file on disk without a name, and arrives at the rate.
IN_MEMORY_BYTES = 64 * 1024
# Each part goes from the event loop to a thread, which costs about as much for a large one.
CHUNK_BYTES = 512 * 1024
# The largest file takes 8 s when nothing else arrives, one of 4 MB hardly longer than without a rate.
BYTES_A_SECOND, BURST_BYTES = 8 * MB, 4 * MB
# The rest of a refused body is received and dropped, since a caller who still sends sees no answer: at this rate, for
# so long in all, and until nothing comes any more.
REST_A_SECOND, LONGEST_REST_SECONDS, QUIET_SECONDS = 2 * MB, 30.0, 3.0


@dataclass(frozen=True)
class Limits:
    """How slowly a body may arrive, and how many bodies may arrive at the same time."""

    grace_seconds: float = 10.0
    least_bytes_a_second: float = 4096.0
    longest_seconds: float = 300.0
    at_once: int = 512
    at_once_an_address: int = 64


class RequestRefused(Exception):
    """The request is refused before the application gets it; the fields make the problem document."""

    def __init__(self, status: int, name: str, title: str, words: Any) -> None:
        super().__init__(name)
        self.status, self.name, self.title, self.words = status, name, title, words


class CallerGone(Exception):
    """The caller has closed the connection: nobody waits for an answer."""


AMBIGUOUS = (
    *(400, "ambiguous-length", "Bad Request"),
    gettext_lazy("The request states its length twice: send Content-Length or Transfer-Encoding, not both."),
)
TOO_LARGE = (
    *(413, "body-too-large", "Content Too Large"),
    gettext_lazy("The request body is larger than this address accepts. Send less."),
)
TOO_SLOW = (408, "too-slow", "Request Timeout", gettext_lazy("The request took too long to arrive. Send it again."))
TOO_MANY = (
    *(429, "too-many-bodies", "Too Many Requests"),
    gettext_lazy("Too many requests from your address are arriving at the moment. Send this one again in a while."),
)
NO_ROOM = (
    *(503, "too-many-bodies", "Service Unavailable"),
    gettext_lazy("Too many requests are arriving at the moment. Send this one again in a while."),
)
MANY_FILES = (503, "busy", "Service Unavailable", lazy(busy_words, str)())


@dataclass
class Bodies:
    """ASGI middleware: the application gets only requests whose body has arrived completely."""

    app: App
    limits: Limits = field(default_factory=Limits)
    arriving: Counter[str] = field(default_factory=Counter)
    rests: set[asyncio.Future[None]] = field(default_factory=set)
    rate: ByteRate = field(default_factory=lambda: ByteRate(BYTES_A_SECOND, BURST_BYTES))
    rate_of_rests: ByteRate = field(default_factory=lambda: ByteRate(REST_A_SECOND, burst=0))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request: receive its body, or refuse it, then call the application."""
        header_names = {name for name, _value in scope["headers"]}
        if not header_names & {b"content-length", b"transfer-encoding"}:
            await self.app(scope, receive, send)
            return
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as body:
            try:
                size = await self.receive_body(scope, receive, body)
            except CallerGone:
                return
            except RequestRefused as error:
                await self.refuse(scope, receive, send, error)
                return
            await self.serve(with_length(scope, size), body, size, receive, send)

    async def serve(self, scope: Scope, body: IO[bytes], size: int, receive: Receive, send: Send) -> None:
        """Have the application answer; the code that reads an upload for it is notified when the caller goes away."""
        gone, left = Event(), asyncio.Event()
        caller_gone.set(gone)
        watch = asyncio.ensure_future(notify_when_gone(receive, gone, left))
        try:
            await self.app(scope, receive_stored_body(body, size, left), send)
        finally:
            watch.cancel()

    async def receive_body(self, scope: Scope, receive: Receive, body: IO[bytes]) -> int:
        """Write the body to the file and return its size. Raises RequestRefused or CallerGone."""
        most = largest_body(scope)
        declared = declared_length(scope)
        if declared is not None and declared > most:
            raise RequestRefused(*TOO_LARGE)
        if is_file_of_program(scope, declared) and not is_place_free():
            raise RequestRefused(*MANY_FILES)
        address = (scope.get("client") or ("",))[0]
        if self.arriving[address] >= self.limits.at_once_an_address:
            raise RequestRefused(*TOO_MANY)
        if self.arriving.total() >= self.limits.at_once:
            raise RequestRefused(*NO_ROOM)
        self.arriving[address] += 1
        try:
            size = await self.spool(receive, body, most)
        finally:
            self.arriving -= Counter({address: 1})
        if declared is not None and size != declared:
            raise RequestRefused(*AMBIGUOUS)
        return size

    async def spool(self, receive: Receive, body: IO[bytes], most: int) -> int:
        """Read the body to its end into the file and return its size.

        Raises RequestRefused if it is too slow or too large, or CallerGone.
        """
        clock = asyncio.get_running_loop().time
        started, size, more = clock(), 0, True
        while more:
            until = started + self.allowed_seconds(size)
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise RequestRefused(*TOO_SLOW) from None
            if message["type"] == "http.disconnect":
                raise CallerGone
            more, chunk = message.get("more_body", False), message.get("body", b"")
            size += len(chunk)
            if size > most:
                raise RequestRefused(*TOO_LARGE)
            body.write(chunk)
            if size > IN_MEMORY_BYTES:
                started += await self.rate.pay(len(chunk))
        body.seek(0)
        return size

    async def refuse(self, scope: Scope, receive: Receive, send: Send, error: RequestRefused) -> None:
        """Send the refusal, drop the rest of the body, which many callers send before they read, and end the answer."""
        await send_refusal(scope, send, error, is_last=False)
        if len(self.rests) < self.limits.at_once:
            rest = asyncio.ensure_future(self.drop_rest(receive))
            self.rests.add(rest)
            rest.add_done_callback(self.rests.discard)
            with waiting.until(rest):
                await asyncio.wait({rest}, timeout=LONGEST_REST_SECONDS)
            rest.cancel()
        await send({"type": "http.response.body", "body": b""})

    async def drop_rest(self, receive: Receive) -> None:
        """Receive and drop the rest of a body; return at its end, when the caller is gone, or when nothing comes."""
        more = True
        with suppress(TimeoutError):
            while more:
                async with asyncio.timeout(QUIET_SECONDS):
                    message = await receive()
                more = message.get("more_body", False)
                await self.rate_of_rests.pay(len(message.get("body", b"")))

    def allowed_seconds(self, size: int) -> float:
        """Return the seconds that a body of this size may take to arrive."""
        return min(self.limits.grace_seconds + size / self.limits.least_bytes_a_second, self.limits.longest_seconds)


def takes_file(scope: Scope) -> bool:
    """Return True if the request is a form at an address that takes files."""
    is_form = header_value(scope, b"content-type").lower().startswith(b"multipart/form-data")
    return is_form and FILE_DOORS.fullmatch(scope["path"]) is not None


def is_file_of_program(scope: Scope, declared: int | None) -> bool:
    """Return True if a program sends a form that is large enough for a file to an address that takes files."""
    is_large = declared is None or declared > BYTES_OF_FIELDS
    return is_large and scope["path"].startswith(PROGRAM_DOORS) and takes_file(scope)


def largest_body(scope: Scope) -> int:
    """Return the most bytes that the body may have at this address."""
    most_with_file: int = settings.SPREADSHEET_LIMITS.most_bytes + BYTES_BESIDE_FILE
    return most_with_file if takes_file(scope) else MOST_BYTES


def declared_length(scope: Scope) -> int | None:
    """Return the Content-Length; None for a body in chunks. Raises RequestRefused if the request states both."""
    length, chunked = header_value(scope, b"content-length"), header_value(scope, b"transfer-encoding")
    if length and chunked:
        raise RequestRefused(*AMBIGUOUS)
    return int(length) if length else None


def header_value(scope: Scope, name: bytes) -> bytes:
    """Return the header's value; empty if there is none."""
    return next((value for key, value in scope["headers"] if key.lower() == name), b"")


def with_length(scope: Scope, size: int) -> Scope:
    """Return the request's scope with the body's length as Content-Length, and without Transfer-Encoding."""
    removed = (b"content-length", b"transfer-encoding")
    kept = [(name, value) for name, value in scope["headers"] if name.lower() not in removed]
    return {**scope, "headers": [*kept, (b"content-length", str(size).encode())]}


def receive_stored_body(body: IO[bytes], size: int, left: asyncio.Event) -> Receive:
    """Return the application's `receive`.

    It gives the body in parts, then waits and reports that the caller is gone.
    """
    is_complete = False

    async def next_part() -> dict[str, Any]:
        nonlocal is_complete
        if is_complete:
            await left.wait()
            return {"type": "http.disconnect"}
        chunk = body.read(CHUNK_BYTES)
        is_complete = body.tell() >= size
        return {"type": "http.request", "body": chunk, "more_body": not is_complete}

    return next_part


async def notify_when_gone(receive: Receive, gone: Event, left: asyncio.Event) -> None:
    """Set both events once the caller is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()
    left.set()


async def send_refusal(scope: Scope, send: Send, error: RequestRefused, *, is_last: bool = True) -> None:
    """Answer with a problem document; the connection is closed then, by the caller of this unless it `is_last`."""
    with override(language_of(scope)):
        words = str(error.words)
    kind = f"urn:interlock:problem:{error.name}"
    document = orjson.dumps({"type": kind, "title": error.title, "status": error.status, "detail": words})
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(document)).encode()),
        (b"connection", b"close"),
    ]
    if error.status in (429, 503):
        headers.append((b"retry-after", str(AGAIN_SECONDS).encode()))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": document, "more_body": not is_last})


def language_of(scope: Scope) -> str:
    """Return the first language that the caller accepts and the system has; `en` if there is none."""
    for code, _weight in parse_accept_lang_header(header_value(scope, b"accept-language").decode("latin-1")):
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return "en"
