"""How quick a page is while sixteen senders keep uploading hostile files, beside the same page without them.

Each sender sends one file after another by REST: workbooks that grow in memory, workbooks with a cell in the far
corner, bombs, and a table nearly as large as is allowed. After a refusal it waits for as long as the answer says, or
with --pause for so many seconds, as one who does not listen. Rounds with the senders, without them, and beside as many
computing processes as files are read at once take turns, so that what else the machine does harms all. The third says
what any neighbour costs a page on this machine, whose cores may share much.
Printed: median and 95th percentile of a person's list of requests, one call after another, the ratios, and how the
files were answered.
"""

import argparse
import http.client
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from multiprocessing.synchronize import Event
from typing import Any

from benchmarks.figures import Figure, publish
from benchmarks.rest import ADDRESS, prepared, serving
from tests.hostile_corpus import CORPUS, as_large_as_allowed, far_corner, growing

SENDERS = 16
BOUNDARY = "bf7a33e0f2c44f5c"
LEAST_PAUSE_SECONDS = 0.5
WARM_SECONDS = 2
LOWEST_PRIORITY = 19


def main() -> None:
    """Start a broker and the web, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10, help="of each round")
    parser.add_argument("--rounds", type=int, default=3, help="with the senders, and as many without")
    parser.add_argument("--pause", type=float, help="seconds after a refusal; without it, as the answer says")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
        settings = {"DJANGO_SETTINGS_MODULE": "config.settings", "API_REQUESTS_A_MINUTE": str(10**9)}
        os.environ |= {"DATA_DIR": folder, "LOG_LEVEL": "CRITICAL", **settings}
        measure(options.seconds, options.rounds, options.pause)


def measure(seconds: int, rounds: int, pause: float | None) -> None:
    """Time the page without and with the senders."""
    import django

    django.setup()
    from django.conf import settings

    from runtime.system import running_broker

    bomb = next(hostile for hostile in CORPUS if hostile.name == "bomb in xlsx")
    files = [growing(), far_corner(), bomb.make(), as_large_as_allowed()]
    answers, without, during, beside = Counter[int](), list[float](), list[float](), list[float]()
    with running_broker():
        key, cookie = prepared(), signed_in()
        with serving(["manage.py", "web", "--at", ADDRESS], 1, "/sign-in/"):
            times_of_page(cookie, WARM_SECONDS)
            for _ in range(rounds):
                without += times_of_page(cookie, seconds)
                with Senders(key, files, pause) as senders:
                    during += times_of_page(cookie, seconds)
                answers += senders.answers
                with neighbours(settings.SPREADSHEET_LIMITS.at_once):
                    beside += times_of_page(cookie, seconds)
    print(f"\nThe files were answered: {dict(sorted(answers.items()))}")
    figures = []
    for other, times in (("without", without), ("beside neighbours", beside)):
        values = zip(("median", "95th percentile"), quantiles(during), quantiles(times), strict=True)
        figures += [
            Figure(f"page during 16 hostile uploads, {name}", d, "ms", w, f"ms {other}") for name, d, w in values
        ]
    publish(figures)


@contextmanager
def neighbours(number: int) -> Iterator[None]:
    """So many processes compute during the block, at the priority of those that read files."""
    busy = ["nice", "-n", "10", sys.executable, "-c", "while True: sum(range(10_000))"]
    processes = [subprocess.Popen(busy) for _ in range(number)]
    yield
    for process in processes:
        process.kill()
        process.wait()


def quantiles(times: list[float]) -> tuple[float, float]:
    """Return the median and the 95th percentile, in milliseconds."""
    return statistics.median(times) * 1000, statistics.quantiles(times, n=20)[-1] * 1000


def signed_in() -> str:
    """Return the session cookie of a person with a role."""
    from django.contrib.auth.models import Group
    from django.test import Client

    from accounts.models import User
    from accounts.roles import REQUESTER

    user = User.objects.create_user("rita")
    user.groups.add(Group.objects.get(name=REQUESTER))
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}"


def times_of_page(cookie: str, seconds: float) -> list[float]:
    """Load the page one time after another for so many seconds, and return the seconds that each took."""
    times: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        started = time.perf_counter()
        status, _ = answer_to("GET", "/", b"", {"Cookie": cookie})
        if status != 200:
            raise SystemExit(f"The page answered {status}.")
        times.append(time.perf_counter() - started)
    return times


def answer_to(method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, float]:
    """Return the status of the answer, and after how many seconds it says to try again."""
    connection = http.client.HTTPConnection(ADDRESS, timeout=120)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.read()
        return response.status, float(response.headers.get("Retry-After", 0))
    finally:
        connection.close()


class Senders:
    """Sixteen senders of files, at work during a `with` block; `answers` counts the statuses that they got.

    They have a process of their own, of the lowest priority: in earnest they are on other machines, and what they
    spend to send is not taken from the pages.
    """

    def __init__(self, key: str, files: list[bytes], pause: float | None) -> None:
        context = multiprocessing.get_context("spawn")
        self._over, self._told, self.answers = context.Event(), context.SimpleQueue(), Counter[int]()
        self._process = context.Process(target=send_until, args=(self._over, self._told, key, files, pause))

    def __enter__(self) -> "Senders":
        self._process.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        self.answers = self._told.get()
        self._process.join()


def send_until(over: Event, told: Any, key: str, files: list[bytes], pause: float | None) -> None:
    """Send the files from sixteen threads until it is over, and tell how they were answered."""
    os.nice(LOWEST_PRIORITY)
    bodies = [form_with(file) for file in islice(cycle(files), SENDERS)]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answers = Counter[int]()

    def send(body: bytes) -> None:
        while not over.is_set():
            status, again = answer_to("POST", "/api/v1/projects", body, headers)
            answers[status] += 1
            if status != 201:
                over.wait(max(again, LEAST_PAUSE_SECONDS) if pause is None else pause)

    threads = [threading.Thread(target=send, args=[body]) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.put(answers)


def form_with(file: bytes) -> bytes:
    """Return the body of a form with a text and the file."""
    text = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="request_text"\r\n\r\nLook\r\n'
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="team.xlsx"\r\n\r\n'
    return (text + head).encode() + file + f"\r\n--{BOUNDARY}--\r\n".encode()


if __name__ == "__main__":
    main()
