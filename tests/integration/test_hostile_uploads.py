"""Sixteen uploads at once, each as much work as is allowed or hostile: the pages of everybody else stay quick."""

import http.client
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from accounts.roles import OPERATOR
from runtime.bodies import Bodies
from runtime.routing import WEB_THREADS
from runtime.threads import Threads
from tests.callers import machine
from tests.hostile_corpus import CORPUS, far_corner, growing
from tests.waiting import ROOM, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

UPLOADS = 16
# A page takes some hundredths of a second alone, and where the machine is busy with other things, as much more beside.
SLOWER = 10
SMALL_BOMBS = [hostile for hostile in CORPUS if hostile.name in ("overlapping members", "entities")]
CSV = b"Task,Category,Duration (min)\n" + b"Pay an invoice,Payables,5\n" * 60_000
# Files that take much and end in an answer, and how many of sixteen must be answered by more than "come again".
LARGE = (lambda: [CSV], {201})
HOSTILE = (lambda: [growing(), far_corner(), *(hostile.make() for hostile in SMALL_BOMBS)], {422})


@pytest.fixture
def port() -> Iterator[int]:
    """Where the pages and the interface are served, by as many threads as there are in earnest."""

    def application(environ: Any, start_response: Any) -> Any:
        try:
            return get_wsgi(environ, start_response)
        finally:
            connection.close()

    get_wsgi = get_wsgi_application()
    threads = Threads(application, workers=WEB_THREADS)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        server = uvicorn.Server(uvicorn.Config(Bodies(threads), lifespan="off", log_level="critical", log_config=None))
        runner = threading.Thread(target=server.run, args=([sock],))
        runner.start()
        wait_until(lambda: server.started)
        yield int(sock.getsockname()[1])
        server.should_exit = server.force_exit = True
        runner.join(10)
        threads.executor.shutdown()


def asked(port: int, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> int:
    """The status of the answer."""
    made = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    made.request(method, path, body, headers or {})
    status = made.getresponse().status
    made.close()
    return status


def seconds_of_a_page(port: int) -> float:
    """How long a page takes on average."""
    started = time.monotonic()
    for _ in range(5):
        assert asked(port, "GET", "/sign-in/") == 200
    return (time.monotonic() - started) / 5


@pytest.mark.parametrize(("files", "wanted"), [LARGE, HOSTILE], ids=["large", "hostile"])
def test_sixteen_uploads_at_once_leave_the_pages_quick(
    port: int, settings: Any, tmp_path: Any, record_property: Any, files: Callable[[], list[bytes]], wanted: set[int]
) -> None:
    settings.DATA_DIR = settings.QUARANTINE_DIR = tmp_path
    settings.ALLOWED_HOSTS = ["*"]
    bodies = [encode_multipart(BOUNDARY, {"request_text": "Look", "file": named(content)}) for content in files()]
    headers = {**machine("bot", OPERATOR).headers, "Content-Type": MULTIPART_CONTENT}
    seconds_of_a_page(port)
    alone, statuses = seconds_of_a_page(port), []

    def upload(number: int) -> None:
        statuses.append(asked(port, "POST", "/api/v1/projects", bodies[number % len(bodies)], headers))

    uploads = [threading.Thread(target=upload, args=[number]) for number in range(UPLOADS)]
    for thread in uploads:
        thread.start()
    during = []
    while any(thread.is_alive() for thread in uploads):
        during.append(seconds_of_a_page(port))
    for thread in uploads:
        thread.join()
    alone = max(alone, seconds_of_a_page(port))
    answers = dict(Counter(statuses))
    record_property("alone, during, ratio, answers", (alone, max(during), max(during) / alone, answers))
    assert max(during) < max(ROOM, SLOWER * alone)
    assert sum(Counter(statuses)[status] for status in wanted) >= 2
    assert set(statuses) <= wanted | {503}


def named(content: bytes) -> Any:
    """The content as a file of a form."""
    return SimpleUploadedFile("team.csv", content)
