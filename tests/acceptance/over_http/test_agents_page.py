"""The blocks of docs/agents.md, run as they are written: an agent asks, dies, asks again, and gets one answer."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

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
TEN_LINES, GRAPH = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


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


def started(block: str, folder: Path, api: str) -> subprocess.Popen[str]:
    """The block as a program, at the address of the system that the tests share."""
    program = block.replace("http://127.0.0.1:8000", api.removesuffix("/api/v1"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "clients/python/src")}
    command = tied_to_parent([sys.executable, "-c", program])
    return subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def asked() -> Question:
    """The one question, once it is open."""
    wait_until(Question.objects.filter(status="OPEN").exists, 30)
    return Question.objects.get()


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
