"""A system as an operator starts it, and a key to its REST interface."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from accounts import keys
from accounts.models import User
from accounts.roles import OPERATOR, REQUESTER
from tests.callers import group
from tests.processes import manage
from tests.round_robin import free_address
from tests.waiting import wait_until


@pytest.fixture
def key() -> str:
    """The key of a machine that may read, open projects, answer, and do the cost items."""
    user = User.objects.create_user("bot", is_service=True)
    user.groups.add(group(OPERATOR))
    scopes = ["read", "projects", "questions", "work:cost_worker"]
    return keys.make_key(user, name="tests", scopes=scopes, lifetime=None)[1]


@pytest.fixture
def agents_key() -> str:
    """The key of an agent's account: it may ask and read, and not answer."""
    agent = User.objects.create_user("payer", is_service=True)
    agent.groups.add(group(REQUESTER))
    return keys.make_key(agent, name="payer", scopes=["read", "projects"], lifetime=None)[1]


@pytest.fixture(scope="package")
def api(django_db_setup: None) -> Iterator[str]:
    """Where the interface of a running system is, all of it but the cost worker; the tests of a folder share it.

    Between them its database and its broker are emptied under it, as by a restore.
    """
    address = free_address()
    with serving(address, "up", "--web", address, "--except", "cost_worker") as url:
        yield url


@contextmanager
def serving(address: str, *command: str) -> Iterator[str]:
    """Run the command, and give the interface's URL once it answers there."""
    system = manage(*command)
    try:
        wait_until(lambda: answers(f"http://{address}/api/v1/me"), 60)
        yield f"http://{address}/api/v1"
    finally:
        system.terminate()
        system.wait(30)


def answers(url: str) -> bool:
    """Whether the web is up."""
    try:
        return httpx.get(url).status_code == 401
    except httpx.TransportError:
        return False
