"""The blocks of docs/agents.md, run as they are written: an agent asks, dies, asks again, and gets one answer."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from interlock_client import Client, request_approval
from playwright._impl._driver import compute_driver_executable

from backlog.flow.orchestration import project_work
from clarifications.models import Question
from clarifications.selectors import question_in
from clarifications.services import answer_question, decline_question
from runtime.processes import tied_to_parent
from tests.processes import ROOT, addresses
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

PAGE = (ROOT / "docs" / "agents.md").read_text()
[ACCOUNT] = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
# The programs after these need libraries of their own: `tests/rehearsals/test_adapters.py` runs them.
TEN_LINES, APPROVAL, _PAY_ONCE, GRAPH, *_ADAPTERS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
[JAVASCRIPT] = re.findall(r"```js\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def agents_folder(tmp_path: Path, agents_key: str) -> Path:
    """The folder in which the agent runs, with its key."""
    (tmp_path / "key.txt").write_text(agents_key)
    return tmp_path


@pytest.fixture
def folder_of_the_page(tmp_path: Path) -> Path:
    """The same, made by the commands of the page."""
    lines = ACCOUNT.replace("./manage.py", f"{sys.executable} {ROOT / 'manage.py'}")
    environment = {**os.environ, **addresses()}
    subprocess.run(["bash", "-euc", lines], cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert (tmp_path / "key.txt").stat().st_mode & 0o077 == 0
    return tmp_path


def started(block: str, folder: Path, api: str, *argv: str) -> subprocess.Popen[str]:
    """The block as a program, at the address of the system that the tests share."""
    program = block.replace("http://127.0.0.1:8000", api.removesuffix("/api/v1"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "clients/python/src")}
    command = tied_to_parent([*(argv or (sys.executable, "-c")), program])
    return subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def in_javascript(folder: Path, api: str) -> subprocess.Popen[str]:
    """The block in JavaScript as a program."""
    program = JAVASCRIPT.replace('"./clients', f'"{ROOT}/clients')
    return started(program, folder, api, compute_driver_executable()[0], "--input-type=module", "-e")


def asked() -> Question:
    """The one question, once it is open."""
    wait_until(Question.objects.filter(status="OPEN").exists, 30)
    return Question.objects.get(status="OPEN")


def answer(question: Question, value: Any) -> None:
    """Answer as a person does on a page."""
    with project_work() as work:
        answer_question(work, question=question_in(work, question.pk), answer=value, by="ann", door="admin")


def test_there_are_no_more_than_ten_lines() -> None:
    assert len([line for line in TEN_LINES.splitlines() if line.strip()]) <= 10


def test_an_agent_asks_dies_asks_again_and_gets_the_answer_of_its_one_question(
    api: str, folder_of_the_page: Path
) -> None:
    first = started(TEN_LINES, folder_of_the_page, api)
    question = asked()
    assert (question.title, question.schema["type"]) == ("May release 7 go out?", "boolean")
    first.kill()
    first.communicate()
    second = started(TEN_LINES, folder_of_the_page, api)
    answer(question, True)
    assert second.communicate(timeout=60) == ("It goes out.\n", "")
    assert started(TEN_LINES, folder_of_the_page, api).communicate(timeout=60)[0] == "It goes out.\n"
    assert Question.objects.count() == 1


def test_a_person_who_declines_ends_the_wait(api: str, agents_folder: Path) -> None:
    agent = started(TEN_LINES, agents_folder, api)
    question = asked()
    with project_work() as work:
        decline_question(work, question=question_in(work, question.pk), by="ann", reason="Ask me on Monday.")
    said, error = agent.communicate(timeout=60)
    assert (said, agent.returncode) == ("", 1)
    assert "Nobody will decide: “May release 7 go out?”" in error


def test_an_approval_is_for_the_words_that_the_person_read(api: str, agents_folder: Path) -> None:
    agent = started(APPROVAL, agents_folder, api)
    approval = asked()
    assert (approval.kind, approval.title, approval.reason) == (
        "approval", "Refund order 4711?", "120 EUR, it came broken.",
    )  # fmt: skip
    answer(approval, {"approved": False, "notes": "Ask for the photo."})
    assert agent.communicate(timeout=60) == ("Not refunded: Ask for the photo.\n", "")
    answer_to_more = started(APPROVAL.replace("120", "12000"), agents_folder, api)
    answer(asked(), {"approved": True})
    assert answer_to_more.communicate(timeout=60) == ("Refunded.\n", "")
    with Client(api.removesuffix("/api/v1"), "no key") as client, pytest.raises(ValueError, match="read in full"):
        request_approval(client, "Refund?", key="long", details="x" * 20_001)


def test_the_javascript_client_asks_the_same_questions_as_the_python_client(api: str, agents_folder: Path) -> None:
    python = [started(block, agents_folder, api) for block in (TEN_LINES, APPROVAL)]
    wait_until(lambda: Question.objects.count() == 2, 30)
    javascript = in_javascript(agents_folder, api)
    for question in Question.objects.all():
        answer(question, {"approved": False, "notes": "Ask for the photo."} if question.kind == "approval" else True)
    assert javascript.communicate(timeout=60) == ("It goes out. Not refunded: Ask for the photo.\n", "")
    assert [program.communicate(timeout=60)[0] for program in python] == [
        "It goes out.\n", "Not refunded: Ask for the photo.\n",
    ]  # fmt: skip
    assert Question.objects.count() == 2


@pytest.mark.skipif(importlib.util.find_spec("langgraph") is None, reason="LangGraph is not installed.")
def test_the_graph_of_the_page_pays_once(api: str, agents_folder: Path) -> None:
    graph = started(GRAPH, agents_folder, api)
    question = asked()
    assert (question.title, question.reason) == (
        "May invoice-7 be paid?",
        '{\n  "supplier": "ACME",\n  "sum": 4200\n}',
    )
    answer(question, True)
    for run in (graph, started(GRAPH, agents_folder, api)):
        said, error = run.communicate(timeout=60)
        assert said == "{'invoice': 'invoice-7', 'paid': True}\n", error
    assert Question.objects.count() == 1
