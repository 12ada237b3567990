"""The inspector's command line, by the makers of the Model Context Protocol, meets Interlock as any stranger's client.

Needs Node, and the registry of npm for the package `@modelcontextprotocol/inspector`.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from accounts.roles import ANSWERER, REQUESTER
from runtime.routing import build_application
from tests.callers import Caller, machine, person
from tests.held_connections import served

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

INSPECTOR = "@modelcontextprotocol/inspector@2"


class Inspector:
    """The inspector in a folder of its own, at a web process, with the key of a caller."""

    def __init__(self, folder: Path, port: int, caller: Caller) -> None:
        self.folder = folder
        key = f"Authorization: {caller.headers['authorization']}"
        self.target = [f"http://127.0.0.1:{port}/mcp", "--transport", "http", "--header", key]
        subprocess.run(["npm", "install", "--no-fund", "--no-audit", INSPECTOR], cwd=folder, check=True, timeout=300)

    def asks(self, *method: str) -> Any:
        """What the server answers, as JSON."""
        command = ["npx", "--no-install", "mcp-inspector", "--cli", *self.target, "--method", *method]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True, timeout=120)
        return json.loads(done.stdout)

    def calls(self, tool: str, **arguments: str) -> Any:
        """What the tool returns."""
        pairs = [word for name, value in arguments.items() for word in ("--tool-arg", f"{name}={value}")]
        return self.asks("tools/call", "--tool-name", tool, *pairs)["structuredContent"]


def test_the_inspector_lists_the_tools_asks_a_person_and_comes_back_for_the_answer(tmp_path: Path) -> None:
    agent, ann = machine("agent", REQUESTER, "read", "projects"), person("ann", ANSWERER)
    with served(build_application()) as port:
        inspector = Inspector(tmp_path, port, agent)
        tools = [tool["name"] for tool in inspector.asks("tools/list")["tools"]]
        assert {"ask_person", "request_approval", "get_answer"} < set(tools)
        words = {"question": "How many?", "answer_schema": '{"type": "integer"}', "request_key": "k"}
        asked = inspector.calls("ask_person", **words)
        assert (asked["status"], inspector.calls("ask_person", **words)["handle"]) == ("OPEN", asked["handle"])
        assert ann.post(f"questions/{asked['handle']}/answer", {"answer": 7}).status_code == 200
        assert inspector.calls("get_answer", handle=asked["handle"])["answer"] == 7
        [listed] = inspector.asks("resources/list")["resources"]
        read = inspector.asks("resources/read", "--uri", listed["uri"])
        assert asked["project"] in read["contents"][0]["text"]
