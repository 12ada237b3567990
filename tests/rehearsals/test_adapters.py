"""The programs of docs/agents.md against the real libraries of agents and tasks: asked once, answered once, paid once.

Each is killed while a person thinks, dies once more after it has paid, and is run again after its end. The libraries
are fetched into environments of their own under var/rehearsals; a model of OpenAI is replaced by a script.
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.rehearsals.adapters.programs import FOUND, Program, account_in, answer, block_with, open_questions, venv_with
from tests.rehearsals.places import Place
from tests.valkeys import Server, free_ports
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(1800)
AGENTS = ("./clients/python[pydantic-ai,openai-agents,a2a]", "a2a-sdk[http-server]", "uvicorn")
ASKED_AND_ANSWERED = "SELECT count(*) FROM clarifications_question UNION ALL SELECT count(*) FROM clarifications_answer"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A running system with a person who answers."""
    place = Place(tmp_path_factory.mktemp("place"))
    place.environment["PERSON_PASSWORD"] = "correct horse battery"
    with place.running():
        made = place.manage("person", "ann", "--role", "answerer")
        assert made.returncode == 0, made.stderr
        yield place


@pytest.fixture(scope="module")
def key(place: Place, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The key of the agent's account."""
    folder = tmp_path_factory.mktemp("account")
    account_in(place, folder)
    return (folder / "key.txt").read_text()


@pytest.fixture
def program(place: Place, key: str, tmp_path: Path) -> Program:
    """A program in a folder that has the key, and nothing else yet."""
    (tmp_path / "key.txt").write_text(key)
    return Program(place, tmp_path, [])


def paid(folder: Path) -> list[str]:
    """Which invoices were paid."""
    with closing(sqlite3.connect(folder / "payments.sqlite3")) as db:
        return [row[0] for row in db.execute("SELECT invoice FROM payments")]


def counts(place: Place) -> list[int]:
    """How many questions and how many answers there are."""
    return [int(row[0]) for row in place.rows(ASKED_AND_ANSWERED)]


def require_once(program: Program, answers: dict[str, str], *, prints: str) -> None:
    """Run the program as the head of this file says, and hold it to one question, one answer and one payment."""
    before = counts(program.place)
    program.kill_while_a_person_thinks()
    # CrewAI says more before.
    assert program.run(answers).splitlines()[-1] == prints
    assert program.run({}).splitlines()[-1] == prints
    print(f"\n{prints}: {len(answers)} asked, {program.kills} SIGKILLs, {len(paid(program.folder))} paid")
    assert program.kills == 2
    assert paid(program.folder) == ["invoice-7"]
    assert counts(program.place) == [count + len(answers) for count in before]


def with_model(block: str, named: str, stub: str) -> str:
    """The program with a model that needs no network."""
    assert named in block
    return "import stubs\n" + block.replace(named, f"stubs.{stub}()")


def test_a_pydantic_ai_agent_asks_and_pays_once(program: Program) -> None:
    program.command = [str(venv_with("agents", *AGENTS)), "program.py"]
    block = block_with("import Agent, CallDeferred")
    program.write("program.py", with_model(block, '"openai:gpt-5.2"', "pydantic_ai_model"))
    answers = {"Which invoice is it?": "invoice-7", "May the agent call pay?": "yes"}
    require_once(program, answers, prints="invoice-7 is paid")


def test_an_agent_of_the_openai_sdk_pays_once(program: Program) -> None:
    program.command = [str(venv_with("agents", *AGENTS)), "program.py"]
    program.write("program.py", with_model(block_with("function_tool"), '"gpt-5.2"', "openai_agents_model"))
    require_once(program, {"May the agent call pay?": "yes"}, prints="invoice-7 is paid")


def test_a_rejected_tool_call_pays_nothing_and_the_model_gets_the_notes(program: Program) -> None:
    program.command = [str(venv_with("agents", *AGENTS)), "program.py"]
    program.write("program.py", with_model(block_with("function_tool"), '"gpt-5.2"', "openai_agents_model"))
    (program.folder / "program.py").write_text(
        (program.folder / "program.py").read_text().replace('RUN = "acme-7"', 'RUN = "acme-8"')
    )
    program.kill_while_a_person_thinks()
    [approval] = open_questions(program.place)
    done = program.place.manage("answer", approval, "no", "--notes", "It was paid in May.", "--by", "ann")
    assert done.returncode == 0, done.stderr
    assert program.run({}) == "It was paid in May.\n"
    assert not (program.folder / "payments.sqlite3").exists()


def test_a_flow_of_crewai_pays_once(program: Program) -> None:
    program.command = [str(venv_with("crewai", "./clients/python", "crewai")), "program.py"]
    program.environment = {"CREWAI_DISABLE_TELEMETRY": "true", "OTEL_SDK_DISABLED": "true", "HOME": str(program.folder)}
    program.write("program.py", block_with("from crewai.flow import"))
    require_once(program, {"What is to be done with invoice-7?": "pay"}, prints="invoice-7 is paid")


def test_what_another_agent_needs_is_asked_and_told_once(program: Program) -> None:
    python, [port] = str(venv_with("agents", *AGENTS)), free_ports(1)
    program.write("program.py", block_with("from a2a.client").replace(":9000", f":{port}"))
    program.command = [python, str(Path(__file__).parent / "adapters" / "other_agent.py"), str(port)]
    other = program.start()
    try:
        program.command = [python, "-c", OPEN_TASK.replace("9000", str(port))]
        wait_until(lambda: program.start().wait() == 0, 30)
        task_id = (program.folder / "task").read_text()
        program.command = [python, "program.py", task_id]
        before = counts(program.place)
        program.kill_while_a_person_thinks()
        assert program.run({"Which invoice is it?": "invoice-7"}) == "invoice-7 is paid\n"
        assert program.run({}) == "invoice-7 is paid\n"
    finally:
        other.kill()
        other.communicate()
    assert paid(program.folder) == ["invoice-7"]
    assert counts(program.place) == [count + 1 for count in before]


OPEN_TASK = """
import asyncio
from pathlib import Path
from a2a.client import create_client
from a2a.helpers.proto_helpers import new_text_message
from a2a.types import Role, SendMessageRequest

async def main():
    async with await create_client("http://127.0.0.1:9000") as agent:
        message = new_text_message("Pay the invoice of ACME.", role=Role.ROLE_USER)
        async for said in agent.send_message(SendMessageRequest(message=message)):
            task_id = said.task.id or said.status_update.task_id
    Path("task").write_text(task_id)

asyncio.run(main())
"""


def write_tasks(program: Program, port: int) -> None:
    """The tasks of the page with the broker at this port, which look for answers more often than they would."""
    quicker = (
        "import interlock_client.celery as waiting\nwaiting.LONGEST_WAIT_SECONDS = 2.0\n"
        "app.conf.broker_transport_options = {'visibility_timeout': 5}\n"
    )
    program.write("tasks.py", block_with("decision_or_retry").replace(":6379", f":{port}") + quicker)


def test_a_task_of_celery_waits_without_a_worker_and_pays_once(program: Program, tmp_path: Path) -> None:
    python, [port] = venv_with("celery", "./clients/python[celery]", "celery[redis]"), free_ports(1)
    broker = Server(tmp_path / "broker", port)
    broker.start()
    write_tasks(program, port)
    program.command = [str(python), "-c", "import tasks; [tasks.pay.delay(f'invoice-{n}') for n in range(7, 12)]"]
    assert program.start().wait() == 0
    worker = [str(python), "-m", "celery", "-A", "tasks", "worker", "--pool", "solo", "--loglevel", "warning"]
    program.command, before = worker, counts(program.place)
    process = program.start()
    try:
        # One worker, and five tasks that wait: it holds none of them.
        wait_until(lambda: len(open_questions(program.place)) == 5, 60)
        process.kill()
        process.communicate()
        process = program.start()
        for question_id, *_ in program.place.rows(f"{FOUND} WHERE status = 'OPEN'"):
            answer(program.place, str(question_id), "yes")
        wait_until(lambda: process.poll() is not None, 60)  # it has paid, and died
        process.communicate()
        assert process.returncode == -9
        process = program.start()
        wait_until(lambda: len(paid(program.folder)) == 5, 60)
        wait_until(lambda: broker.client().zcard("unacked_index") == broker.client().llen("celery") == 0, 60)
    finally:
        process.kill()
        process.communicate()
        broker.stop()
    assert sorted(paid(program.folder)) == [f"invoice-{n}" for n in sorted(range(7, 12), key=str)]
    assert counts(program.place) == [count + 5 for count in before]


def test_a_task_of_airflow_waits_and_pays_once(program: Program) -> None:
    python = venv_with("airflow", "./clients/python", "apache-airflow-core", "apache-airflow-providers-standard")
    connection = {
        "conn_type": "http",
        "host": f"http://{program.place.web}",
        "password": (program.folder / "key.txt").read_text().strip(),
    }
    program.environment = {
        "AIRFLOW_HOME": str(program.folder), "AIRFLOW__CORE__DAGS_FOLDER": str(program.folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW_CONN_INTERLOCK_DEFAULT": json.dumps(connection),
        "PATH": f"{python.parent}:{os.environ['PATH']}",
    }  # fmt: skip
    block = block_with("AskSensor(").replace("approval=True)", "approval=True, poke_interval=1)")
    # The same run of the DAG each time, as when a task of it is retried or cleared.
    main = """
from datetime import UTC, datetime
if __name__ == "__main__":
    day = datetime(2026, 2, 1, tzinfo=UTC)
    dag.test(run_after=day, logical_date=day)
"""
    program.write("pay_invoice.py", block + main)
    program.command = [str(python), "-m", "airflow", "db", "migrate"]
    program.run({})
    program.command = [str(python), "pay_invoice.py"]
    before = counts(program.place)
    program.run({"May invoice-7 be paid?": "yes"})
    print(f"\nairflow: 1 asked, {program.kills} SIGKILL, {len(paid(program.folder))} paid")
    assert program.kills == 1
    assert paid(program.folder) == ["invoice-7"]
    assert counts(program.place) == [count + 1 for count in before]
