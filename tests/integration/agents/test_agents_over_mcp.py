"""Agents over the Model Context Protocol: the same questions, rules and answers; a handle that outlives the agent."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from accounts.audit import AuditRecord
from accounts.roles import ANSWERER, OPERATOR, REQUESTER
from clarifications.models import Question
from runtime.routing import build_application
from tests.agents import agent_at, called, refused, run
from tests.callers import Caller, key_of, machine, person
from tests.held_connections import served
from tests.house import ROOT
from tests.waiting import wait_until

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import ElicitRequestParams, ElicitResult

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

WHICH = {
    "question": "Which invoice is the right one?",
    "answer_schema": {"type": "string", "enum": ["INV-17", "INV-18"]},
    "request_key": "invoice of order 4711",
}
TOOLS = {
    *("ask_person", "request_approval", "get_answer", "open_project"),
    *("project_status", "get_deliverable", "lease_work", "complete_work"),
}
WAITS = """
import asyncio, sys
sys.path.insert(0, ".")
from tests.agents import agent_at, called
async def main():
    async with agent_at(int(sys.argv[1]), {"authorization": sys.argv[2]}) as agent:
        await called(agent, "ask_person", question=sys.argv[3], answer_schema={"type": "string",
            "enum": ["INV-17", "INV-18"]}, request_key=sys.argv[4], wait_seconds=60)
asyncio.run(main())
"""


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a web process."""
    with served(build_application()) as port:
        yield port


@pytest.fixture
def agent() -> Caller:
    """An agent's machine account with every scope: only the rules of questions stand in its way."""
    return machine("agent", OPERATOR)


def answer(caller: Caller, handle: str, value: Any) -> int:
    """Answer the question, on a thread; return the status."""
    return int(caller.post(f"questions/{handle}/answer", {"answer": value}).status_code)


class Form:
    """The person at the agent's client, who fills in every form with these values."""

    def __init__(self, **values: Any) -> None:
        self.values, self.seen = values, 0

    async def __call__(self, context: Any, params: "ElicitRequestParams") -> "ElicitResult":
        """Fill in the form."""
        self.seen += 1
        return import_module("mcp_types").ElicitResult(action="accept", content=self.values)


def test_an_agent_asks_is_killed_comes_back_and_gets_the_one_answer(agent: Caller) -> None:
    ann = person("ann", ANSWERER)
    with served(build_application()) as port:
        words = (str(port), agent.headers["authorization"], WHICH["question"], WHICH["request_key"])
        first = subprocess.Popen([sys.executable, "-c", WAITS, *map(str, words)], cwd=ROOT)
        wait_until(Question.objects.exists)
        assert first.poll() is None  # it waits for the answer
        first.kill()
        first.wait()

    async def come_back(port: int) -> None:
        async with agent_at(port, agent.headers) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
            again = await called(client, "ask_person", **WHICH)
            assert (again["status"], again["answer"]) == ("OPEN", None)
            waiting = asyncio.create_task(called(client, "get_answer", handle=again["handle"], wait_seconds=30))
            await asyncio.sleep(0.2)
            assert await asyncio.to_thread(answer, ann, again["handle"], "INV-18") == 200
            got = await waiting
            assert (got["status"], got["answer"], got["answered_by"]) == ("ANSWERED", "INV-18", "ann")
            assert await asyncio.to_thread(answer, ann, again["handle"], "INV-17") == 409
            assert await called(client, "get_answer", handle=again["handle"]) == got

    with served(build_application()) as port:  # another process than the one that was asked
        run(lambda: come_back(port))
    assert Question.objects.count() == 1


def test_an_approval_comes_from_a_person_and_what_the_agent_tries_is_on_record(port: int, agent: Caller) -> None:
    ann = person("ann", ANSWERER)
    form = Form(approved=True, answer="INV-17")

    async def test() -> None:
        async with agent_at(port, agent.headers, elicitation_callback=form) as client:
            handle = (await called(client, "request_approval", question="Refund 1,200 EUR?"))["handle"]
            assert (await asyncio.to_thread(agent.post, f"approvals/{handle}/approve")).status_code == 403
            asked = await called(client, "ask_person", **WHICH)
            assert await asyncio.to_thread(answer, agent, asked["handle"], "INV-17") == 403
            assert (form.seen, asked["status"]) == (0, "OPEN")
            assert (await called(client, "get_answer", handle=handle))["status"] == "OPEN"
            assert (await asyncio.to_thread(ann.post, f"approvals/{handle}/approve")).status_code == 200
            assert (await called(client, "get_answer", handle=handle))["answer"] == {"approved": True}

    run(test)
    tried = AuditRecord.objects.filter(action="decision-refused").order_by("pk")
    assert [row.target.rsplit("/", 1)[1] for row in tried] == ["approve", "answer"]
    assert all(row.actor.startswith("agent (key ") for row in tried)


def test_a_person_answers_at_their_own_agents_client_or_in_the_inbox(port: int) -> None:
    rita, filled, wrong = person("rita", REQUESTER), Form(answer="INV-17"), Form(answer="INV-19")
    key, narrow = key_of(rita, "read", "projects", "questions"), key_of(rita, "read", "projects")

    async def test() -> None:
        async with agent_at(port, key.headers, elicitation_callback=filled) as client:
            got = await called(client, "ask_person", **WHICH)
            assert (got["answer"], got["answered_by"], got["door"]) == ("INV-17", "rita", "agent")
            assert await called(client, "ask_person", **WHICH) == got
        async with agent_at(port, key.headers, elicitation_callback=wrong) as client:
            got = await called(client, "ask_person", **{**WHICH, "request_key": "another"})
            assert (got["status"], "did not count" in got["note"]) == ("OPEN", True)
        async with agent_at(port, narrow.headers, elicitation_callback=filled) as client:
            assert (await called(client, "ask_person", **{**WHICH, "request_key": "third"}))["status"] == "OPEN"

    run(test)
    assert (filled.seen, wrong.seen) == (1, 1)


def test_an_older_client_gets_the_same_question_in_the_inbox_and_hears_that_it_waits(port: int) -> None:
    key = key_of(person("rita", REQUESTER), "read", "projects", "questions")
    heard: list[str] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message or "")

    async def test() -> None:
        async with agent_at(port, key.headers, elicitation_callback=Form(answer="INV-17"), mode="legacy") as client:
            result = await client.call_tool("ask_person", {**WHICH, "wait_seconds": 1}, progress_callback=note)
            assert result.structured_content is not None
            assert result.structured_content["status"] == "OPEN"

    run(test)
    assert heard[0] == "“Which invoice is the right one?” waits for a person."


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_client_that_starts_its_servers_asks_over_standard_input_and_output(port: int, mode: str) -> None:
    rita, form = person("rita", REQUESTER), Form(answer="INV-18")
    key = key_of(rita, "read", "projects", "questions").headers["authorization"].removeprefix("Bearer ")
    mcp = import_module("mcp")
    command = mcp.StdioServerParameters(
        command=sys.executable,
        args=["manage.py", "mcp", "--address", f"http://127.0.0.1:{port}"],
        env={"INTERLOCK_KEY": key, "SECRET_KEY": "x" * 50},
        cwd=ROOT,
    )

    async def test() -> None:
        async with mcp.Client(command, elicitation_callback=form, mode=mode) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
            got = await called(client, "ask_person", **WHICH)
            assert (got["answer"], got["door"]) == ("INV-18", "agent")

    run(test)
    assert form.seen == 1


def test_an_agent_does_work_and_asks_about_it(port: int, agent: Caller) -> None:
    ann = person("ann", ANSWERER)

    async def lease(client: "Client") -> dict[str, Any]:
        return await called(client, "lease_work", agent="generic_worker", seconds=60)

    async def test() -> None:
        async with agent_at(port, agent.headers) as client:
            opened = await called(client, "open_project", request_text="Three steps, please.", template="minimal")
            held = await lease(client)
            asked = await called(client, "ask_person", question="Which colour?", lease=held["lease"])
            assert "ended" in await refused(client, "complete_work", lease=held["lease"])
            assert await asyncio.to_thread(answer, agent, asked["handle"], "red") == 403
            assert await asyncio.to_thread(answer, ann, asked["handle"], "red") == 200
            held = await lease(client)
            assert held["work_context"]["answer"] == "red"
            done = {"lease": held["lease"], "deliverable_type": "generic_output", "content": {"summary": "Red."}}
            assert await called(client, "complete_work", **done) == {"state": "DONE"}
            assert await called(client, "complete_work", **done) == {"state": "DONE"}
            made = await called(client, "get_deliverable", project=opened["project"])
            assert made["content"] == {"summary": "Red."}
            status = await called(client, "project_status", project=opened["project"])
            assert [item["state"] for item in status["items"]] == ["DONE", "IN_PROGRESS", "CREATED"]
            read = await client.read_resource(f"interlock://projects/{opened['project']}")
            assert opened["project"] in read.contents[0].text  # type: ignore[union-attr]

    run(test)


def test_a_key_opens_what_its_scopes_name_and_nothing_opens_without_one(port: int) -> None:
    reader = machine("reader", OPERATOR, "read")
    asks = key_of(reader, "projects", "read")
    schema = {"type": "string", "pattern": "(a+)+$"}

    async def test() -> None:
        async with httpx2.AsyncClient() as stranger:
            for headers in ({}, {"authorization": "Bearer ilk_0_x"}, {"cookie": "sessionid=x"}):
                answered = await stranger.post(f"http://127.0.0.1:{port}/mcp", json={}, headers=headers)
                assert (answered.status_code, answered.headers["www-authenticate"]) == (401, 'Bearer realm="interlock"')
        async with agent_at(port, reader.headers) as client:
            assert "“projects”" in await refused(client, "ask_person", **WHICH)
            assert "not found" in (await refused(client, "get_answer", handle="0" * 32)).lower()
        async with agent_at(port, asks.headers) as client:
            assert "pattern" in await refused(client, "ask_person", question="?", answer_schema=schema)

    run(test)
    assert not Question.objects.exists()
