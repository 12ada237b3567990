"""10,000 wrong passwords against a whole system, from one address and from many: what is looked at, what others feel.

The guessers come through a trusted proxy, which says their addresses. `GUESSES=500` takes so many in place of 10,000.
"""

import os
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode

import pytest

from tests.rehearsals.places import Place

pytestmark = pytest.mark.timeout(3600)

GUESSES = int(os.environ.get("GUESSES", "10000"))
THREADS, PAGES_A_SECOND = 8, 10
PASSWORD = "a long enough password"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Visitor:
    """A browser behind the proxy, with the cookies and the form token that it got from the sign-in page."""

    at: str
    address: str
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Open the sign-in page."""
        self.connection = HTTPConnection(self.at, timeout=120)
        _status, page = self.ask("GET", "/sign-in/")
        [self.token] = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page))

    def ask(self, method: str, path: str, body: str = "", *, address: str = "") -> tuple[int, str]:
        """The status and the text of the answer."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Host": "localhost", "Cookie": cookies, "X-Forwarded-For": address or self.address}
        self.connection.request(method, path, body, headers | ({"Content-Type": FORM} if body else {}))
        response = self.connection.getresponse()
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                self.cookies.update([value.split(";")[0].split("=", 1)])
        return response.status, response.read().decode()

    def sign_in(self, name: str, password: str, *, address: str = "") -> int:
        """The status: 302 is signed in, 200 a wrong password, 429 not looked at."""
        form = {"csrfmiddlewaretoken": self.token, "username": name, "password": password}
        return self.ask("POST", "/sign-in/", urlencode(form), address=address)[0]


@contextmanager
def watched_page(at: str) -> Iterator[list[float]]:
    """The milliseconds that a page takes for a person who is signed in, meanwhile."""
    person, milliseconds, ended = Visitor(at, "192.0.2.1"), [], threading.Event()
    assert person.sign_in("rita", PASSWORD) == 302

    def look() -> None:
        while not ended.wait(1 / PAGES_A_SECOND):
            began = time.perf_counter()
            assert person.ask("GET", "/")[0] == 200
            milliseconds.append(1000 * (time.perf_counter() - began))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield milliseconds
    finally:
        ended.set()
        thread.join()


def guess(at: str, name: Callable[[int], str], address: Callable[[int], str], guesses: int) -> "Counter[int]":
    """How many guesses got which status."""
    numbers, statuses = count(), Counter[int]()

    def run() -> None:
        visitor = Visitor(at, "198.51.100.1")
        while (number := next(numbers)) < guesses:
            statuses[visitor.sign_in(name(number), f"wrong {number}", address=address(number))] += 1

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def address_of(number: int) -> str:
    """An address for each number."""
    return f"10.{number // 65536 % 256}.{number // 256 % 256}.{number % 256}"


# What is tried → the account, the address, and how many of GUESSES may be looked at at most.
ATTACKS: dict[str, tuple[Callable[[int], str], Callable[[int], str], int]] = {
    "one account from one address": (lambda n: "victim", lambda n: "198.51.100.7", 20),
    "one account from many addresses": (lambda n: "victim", address_of, 60),
    "many accounts from one address": (lambda n: f"person{n}", lambda n: "198.51.100.8", 100),
    "many accounts from many addresses": (lambda n: f"other{n}", lambda n: address_of(n + 10**6), GUESSES),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_guesses_are_refused_and_a_page_stays_quick(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], attack: str
) -> None:
    name, address, most = ATTACKS[attack]
    place = Place(tmp_path / "place")
    place.environment |= {"TRUSTED_PROXIES": "127.0.0.1", "PERSON_PASSWORD": PASSWORD}
    assert place.manage("migrate", "-v0").returncode == 0
    for person in ("rita", "victim"):
        assert place.manage("person", person, "--role", "requester").returncode == 0
    with place.running(), watched_page(place.web) as milliseconds:
        time.sleep(10)
        before = p95(milliseconds)
        milliseconds.clear()
        began = time.monotonic()
        statuses = guess(place.web, name, address, GUESSES)
        seconds, meanwhile = time.monotonic() - began, p95(milliseconds)
        owner = Visitor(place.web, "192.0.2.1").sign_in("rita", PASSWORD)
    with capsys.disabled():
        print(
            f"\n{attack}: {GUESSES} guesses in {seconds:.0f} s ({GUESSES / seconds:.0f}/s), {statuses[200]} looked at,"
            f" {statuses[429]} refused; a page's p95 {before:.0f} ms before, {meanwhile:.0f} ms meanwhile"
        )
    assert statuses[200] + statuses[429] == GUESSES
    assert statuses[200] <= most
    assert owner == 302


def p95(milliseconds: list[float]) -> float:
    """The 95th percentile."""
    return quantiles(milliseconds, n=20)[-1]
