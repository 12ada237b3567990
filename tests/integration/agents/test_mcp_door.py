"""The address /mcp and the command `mcp`: what they say to who cannot be served, and how a wait ends."""

import asyncio

import httpx2
import pytest
from django.core.management import CommandError, call_command

from accounts.roles import OPERATOR
from console.management.commands import mcp as command
from runtime import mcp_door
from runtime.draining import waiting
from runtime.routing import build_application
from tests.agents import run
from tests.callers import machine
from tests.held_connections import served


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("broker")
def test_who_cannot_be_served_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = machine("agent", OPERATOR).headers
    monkeypatch.setattr("mcp_server.over_http.MOST_CALLS_AN_ACCOUNT", 0)
    with served(build_application()) as port:
        address = f"http://127.0.0.1:{port}/mcp"
        assert httpx2.get(address, headers=headers).json()["type"] == "urn:interlock:problem:method-not-allowed"
        with monkeypatch.context() as without:
            without.setattr(mcp_door, "find_spec", lambda name: None)
            answered = httpx2.post(address, headers=headers, json={})
            assert (answered.status_code, "interlock[mcp]" in answered.json()["detail"]) == (501, True)
        crowded = httpx2.post(address, headers=headers, json={})
        assert (crowded.status_code, crowded.json()["status"]) == (429, 429)


def test_a_wait_ends_at_once_when_the_process_is_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "is_over", False)

    async def test() -> tuple[bool, bool]:
        whole = await mcp_door.pause(0.01)
        cut = asyncio.create_task(mcp_door.pause(30))
        await asyncio.sleep(0)
        waiting.end_all()
        return whole, await cut

    assert run(test, seconds=10) == (False, True)


def test_the_command_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INTERLOCK_KEY", raising=False)
    with pytest.raises(CommandError, match="INTERLOCK_KEY"):
        call_command("mcp")
    monkeypatch.setenv("INTERLOCK_KEY", "ilk_x")
    with pytest.raises(CommandError, match="https://"):
        call_command("mcp", "--address", "interlock.example.org")
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    with pytest.raises(CommandError, match=r"interlock\[mcp\]"):
        call_command("mcp")
