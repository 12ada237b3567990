"""Two web processes are ended and started again in turn, under a steady load: every request is answered.

`ROUNDS=20` restarts them so often. A round takes some ten seconds, most of them for the start.
"""

import itertools
import os
import signal
import subprocess
import time
from typing import Any

import pytest

from accounts import keys
from accounts.models import User
from accounts.roles import OPERATOR
from runtime.addresses import is_served
from tests import round_robin
from tests.callers import group
from tests.processes import STOP_SECONDS, manage
from tests.round_robin import free_address
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

ROUNDS = int(os.environ.get("ROUNDS", "4"))
RATE = 30.0


def headers() -> dict[str, str]:
    """Those of a machine that may open projects and wait for work."""
    user = User.objects.create_user("bot", is_service=True)
    user.groups.add(group(OPERATOR))
    scopes = ["read", "projects", "work:cost_worker"]
    key = keys.make_key(user, name="tests", scopes=scopes, lifetime=None)[1]
    return {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Host": "localhost"}


def web_at(address: str) -> subprocess.Popen[str]:
    """A web process that answers."""
    process = manage("web", "--at", address)
    wait_until(lambda: is_served(address, host_name="localhost"), 30)
    return process


def requests() -> Any:
    """Projects are listed and opened, and now and then a worker waits for work."""
    number = itertools.count()

    def ask() -> tuple[str, str, Any]:
        turn = next(number) % 40
        if turn == 0:
            return "POST", "/api/v1/work/lease", {"agent": "cost_worker", "wait": 20}
        if turn % 4 == 0:
            return "POST", "/api/v1/projects", {"request_text": "Find out where our time goes.", "template": "minimal"}
        return "GET", "/api/v1/projects?limit=20", None

    return ask


def test_web_processes_are_restarted_in_turn_and_every_request_is_answered(
    broker: None, capsys: pytest.CaptureFixture[str]
) -> None:
    addresses = [free_address(), free_address()]
    webs = {address: web_at(address) for address in addresses}
    ends = []
    try:
        with round_robin.asked_steadily(addresses, headers(), requests(), rate=RATE, threads=12) as figures:
            for address in itertools.islice(itertools.cycle(addresses), ROUNDS):
                time.sleep(1.0)
                began = time.monotonic()
                webs[address].send_signal(signal.SIGTERM)
                assert webs[address].wait(STOP_SECONDS) == 0
                ends.append(time.monotonic() - began)
                webs[address] = web_at(address)
    finally:
        for process in webs.values():
            process.kill()
    with capsys.disabled():
        print(f"\nrolling restart: {ROUNDS} restarts, longest end {max(ends):.1f} s / {figures.line()}")
    assert figures.bad == []
    assert sum(figures.statuses.values()) > 100
