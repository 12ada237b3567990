"""Bodies on their way: slow, short, unclear and large ones cost no thread, and no half of one reaches a page.

Large ones share a rate, and a file that could not be read now is refused before it is sent.
"""

import asyncio
import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from intake.spreadsheets import places
from intake.spreadsheets.outside import caller_gone
from runtime import bodies
from runtime.bodies import Bodies, Limits
from runtime.byte_rate import ByteRate
from runtime.threads import Threads
from tests.held_connections import served as listening
from tests.waiting import wait_until

THREADS = 4
Seen = list[tuple[str, bytes]]


class Shop:
    """A small application on few threads: it remembers what it was asked, and may wait for its caller to leave."""

    def __init__(self) -> None:
        self.seen: Seen = []
        self.saw_caller_leave = threading.Event()

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.seen.append((environ["PATH_INFO"], body))
        if environ["PATH_INFO"] == "/work/":
            gone = caller_gone.get()
            assert gone is not None
            if gone.wait(10):
                self.saw_caller_leave.set()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["REQUEST_METHOD"].encode() + b" " + str(len(body)).encode()]


@contextmanager
def served(shop: Shop, limits: Limits, wrap: Callable[[Any, Limits], Any] = Bodies) -> Iterator[int]:
    """The port at which the application is served, its bodies read first."""
    threads = Threads(shop, workers=THREADS)
    with listening(wrap(threads, limits)) as port:
        yield port


@pytest.fixture
def shop() -> Shop:
    return Shop()


def raw(port: int, *lines: str, body: bytes = b"") -> socket.socket:
    """A connection on which the request was sent so far."""
    made = socket.create_connection(("127.0.0.1", port), timeout=10)
    made.sendall("\r\n".join([*lines, "Host: localhost", "", ""]).encode() + body)
    return made


def slow(port: int) -> socket.socket:
    """A POST of which nothing but the first byte arrives."""
    return raw(port, "POST /sign-in/ HTTP/1.1", "Content-Length: 1000", body=b"a")


def status_of(made: socket.socket) -> int:
    """The status that comes back."""
    with made:
        answer = http.client.HTTPResponse(made)
        answer.begin()
        return answer.status


def seconds_of_a_page(port: int) -> float:
    """How long the slowest of five pages takes."""
    taken = []
    for _ in range(5):
        started = time.monotonic()
        assert status_of(raw(port, "GET /sign-in/ HTTP/1.1")) == 200
        taken.append(time.monotonic() - started)
    return max(taken)


@pytest.mark.parametrize("many", [16, 100])
def test_unfinished_posts_leave_pages_as_quick_as_before(shop: Shop, many: int, record_property: Any) -> None:
    with served(shop, Limits(grace_seconds=60, at_once_an_address=200)) as port, ExitStack() as held:
        before = seconds_of_a_page(port)
        for _ in range(many):
            held.enter_context(slow(port))
        during = seconds_of_a_page(port)
    record_property("before, during, ratio", (before, during, during / before))
    assert during < before * 5 + 0.5
    assert {body for _path, body in shop.seen} == {b""}


def test_without_reading_first_unfinished_posts_take_every_thread(shop: Shop) -> None:
    with served(shop, Limits(), wrap=lambda app, _limits: app) as port, ExitStack() as held:
        for _ in range(THREADS):
            held.enter_context(slow(port))
        page = held.enter_context(raw(port, "GET /sign-in/ HTTP/1.1"))
        page.settimeout(0.5)
        with pytest.raises(TimeoutError):
            page.recv(1)


def test_a_body_that_comes_too_slowly_is_refused(shop: Shop) -> None:
    with served(shop, Limits(grace_seconds=0.2)) as port:
        assert status_of(slow(port)) == 408
    assert shop.seen == []


def test_one_address_has_few_bodies_on_their_way_and_all_together_have_more(shop: Shop) -> None:
    for limits, status in [(Limits(at_once_an_address=2), 429), (Limits(at_once=2), 503)]:
        with served(shop, limits) as port, ExitStack() as held:
            for _ in range(2):
                held.enter_context(slow(port))
            wait_until(lambda port=port, status=status: status_of(slow(port)) == status)
            assert status_of(raw(port, "GET / HTTP/1.1")) == 200


def test_a_body_that_is_done_makes_room(shop: Shop) -> None:
    with served(shop, Limits(at_once_an_address=1)) as port:
        for _ in range(3):
            assert status_of(raw(port, "POST / HTTP/1.1", "Content-Length: 2", body=b"ab")) == 200


def test_a_body_that_ends_before_it_is_whole_never_reaches_a_page(shop: Shop) -> None:
    with served(shop, Limits()) as port:
        slow(port).close()
        assert status_of(raw(port, "GET / HTTP/1.1")) == 200
    assert shop.seen == [("/", b"")]


@pytest.mark.parametrize("path", ["/sign-in/", "/api/v1/events"])
def test_a_body_that_is_too_large_is_refused_before_it_is_sent(shop: Shop, path: str) -> None:
    with served(shop, Limits()) as port:
        assert status_of(raw(port, f"POST {path} HTTP/1.1", "Content-Length: 3000000")) == 413
    assert shop.seen == []


@pytest.mark.parametrize("path", ["/requests/new/", "/api/v1/projects", "/questions/1/", "/answer/abc/"])
def test_where_files_are_taken_a_form_may_be_larger(shop: Shop, path: str) -> None:
    kind = "Content-Type: multipart/form-data; boundary=x"
    with served(shop, Limits()) as port:
        many = raw(port, f"POST {path} HTTP/1.1", kind, "Content-Length: 3000000", body=bytes(3_000_000))
        assert status_of(many) == 200
    assert [len(body) for _path, body in shop.seen] == [3_000_000]


def test_a_length_said_in_two_ways_is_refused(shop: Shop) -> None:
    words = ["POST / HTTP/1.1", "Content-Length: 5", "Transfer-Encoding: chunked"]
    with served(shop, Limits()) as port:
        assert status_of(raw(port, *words, body=b"0\r\n\r\nGET /inner HTTP/1.1\r\n\r\n")) == 400
    assert shop.seen == []


def test_a_length_said_in_two_ways_is_refused_also_where_both_say_the_same(shop: Shop) -> None:
    words = ["POST / HTTP/1.1", "Content-Length: 5", "Transfer-Encoding: chunked"]
    with served(shop, Limits()) as port:
        assert status_of(raw(port, *words, body=b"5\r\nabcde\r\n0\r\n\r\n")) == 400
    assert shop.seen == []


def test_a_body_of_another_length_than_it_says_is_refused_whatever_server_hands_it_over() -> None:
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"abc", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    scope = {"type": "http", "path": "/", "headers": [(b"content-length", b"5")]}
    asyncio.run(Bodies(never_called)(scope, receive, send))
    assert said[0]["status"] == 400


async def never_called(scope: Any, receive: Any, send: Any) -> None:
    """An application that gets no half of a body."""
    raise AssertionError(scope)


def test_a_body_in_chunks_is_read_whole(shop: Shop) -> None:
    with served(shop, Limits()) as port:
        chunks = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        assert status_of(raw(port, "POST / HTTP/1.1", "Transfer-Encoding: chunked", body=chunks)) == 200
    assert shop.seen == [("/", b"abcde")]


def test_the_reader_of_an_upload_hears_that_its_caller_is_gone(shop: Shop) -> None:
    with served(shop, Limits()) as port:
        made = raw(port, "POST /work/ HTTP/1.1", "Content-Length: 2", body=b"ab")
        wait_until(lambda: bool(shop.seen))
        made.close()
        assert shop.saw_caller_leave.wait(5)


@pytest.mark.parametrize("head", [b"A: b\r\n c: d\r\n\r\n", b"A: b\nC: d\r\n\r\n", b"A: b\n\n"])
def test_a_head_that_others_may_read_otherwise_is_refused(shop: Shop, head: bytes) -> None:
    with served(shop, Limits()) as port:
        for pieces in ([b"GET / HTTP/1.1\r\nHost: x\r\n" + head], [b"GET / HTTP/1.1\r\nHost: x\r\n", head]):
            made = socket.create_connection(("127.0.0.1", port), timeout=10)
            for piece in pieces:
                made.sendall(piece)
            assert status_of(made) == 400
    assert shop.seen == []


def test_a_head_may_come_sign_by_sign(shop: Shop) -> None:
    with served(shop, Limits()) as port:
        made = socket.create_connection(("127.0.0.1", port), timeout=10)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for sign in b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\na\n\nb":
            made.sendall(bytes([sign]))
        assert status_of(made) == 200
    assert shop.seen == [("/", b"a\n\nb")]


# -- large bodies ----------------------------------------------------------------------------------
MB = 1024 * 1024
FORM = "Content-Type: multipart/form-data; boundary=x"


def sent_whole(port: int, path: str, size: int) -> http.client.HTTPResponse:
    """The answer to a form of this size, as a client gets it that reads nothing before it has sent everything."""
    made = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": FORM.removeprefix("Content-Type: "), "Accept-Language": "fr"}
    made.request("POST", path, bytes(size), headers)
    return made.getresponse()


def at_rate(app: Any, limits: Limits) -> Bodies:
    """The bodies of the application, which arrive slowly."""
    return Bodies(app, limits, rate=ByteRate(2 * MB, burst=0))


def test_large_bodies_share_a_rate_and_small_ones_pass_them(shop: Shop, record_property: Any) -> None:
    with served(shop, Limits(grace_seconds=0.2), wrap=at_rate) as port:
        started = time.monotonic()
        large = [threading.Thread(target=sent_whole, args=(port, "/requests/new/", MB)) for _ in range(2)]
        for each in large:
            each.start()
        small = sent_whole(port, "/requests/new/", 1000)
        small_seconds = time.monotonic() - started
        for each in large:
            each.join()
        seconds = time.monotonic() - started
    record_property("seconds of the small one, of both large ones", (small_seconds, seconds))
    assert small.status == 200
    assert seconds > 0.9  # 2 MB at 2 MB a second
    assert small_seconds < seconds / 2
    assert sorted(len(body) for _path, body in shop.seen) == [1000, MB, MB]


@pytest.fixture
def nothing_free(settings: Any, tmp_path: Path) -> Iterator[None]:
    """As many files are read and wait as may."""
    settings.DATA_DIR = tmp_path
    limits = settings.SPREADSHEET_LIMITS
    with ExitStack() as held:
        for kind, most in (("reading", limits.at_once), ("waiting", limits.waiting)):
            for _ in range(most):
                lock = places.lock_free_place(kind, most)
                assert lock is not None
                held.callback(os.close, lock)
        yield


@pytest.mark.usefixtures("nothing_free")
def test_a_programs_file_that_could_not_be_read_now_is_refused_before_it_is_sent(shop: Shop) -> None:
    with served(shop, Limits()) as port:
        assert status_of(raw(port, "POST /api/v1/projects HTTP/1.1", FORM, "Content-Length: 9000000")) == 503
        answer = sent_whole(port, "/api/v1/projects", 3 * MB)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
        assert json.load(answer) == {
            "type": "urn:interlock:problem:busy",
            "title": "Service Unavailable",
            "status": 503,
            "detail": "Beaucoup de fichiers sont en cours de lecture. Renvoyez celui-ci dans 10 secondes.",
        }
        assert shop.seen == []
        # What a person typed comes back with the page, and without a file a program waits for nobody.
        for path, size in (("/requests/new/", MB), ("/api/v1/projects", 1000)):
            assert sent_whole(port, path, size).status == 200


def test_who_sends_all_of_a_body_that_is_too_large_sees_the_refusal(shop: Shop) -> None:
    with served(shop, Limits()) as port:
        assert sent_whole(port, "/sign-in/", 6 * MB).status == 413
    assert shop.seen == []


def test_a_refused_caller_who_sends_no_more_is_let_go(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "QUIET_SECONDS", 0.1)
    with served(shop, Limits()) as port, raw(port, "POST / HTTP/1.1", "Content-Length: 3000000", body=b"a") as made:
        answer = http.client.HTTPResponse(made)
        answer.begin()
        assert (answer.status, answer.read()[:1]) == (413, b"{")
        assert made.recv(1) == b""
