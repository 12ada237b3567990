"""LangGraph graphs whose interrupts people answer: each asked once, answered once, paid once, though workers die."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from backlog.flow.orchestration import project_work
from backlog.models import Project
from clarifications.models import Answer, Question
from clarifications.selectors import question_in
from clarifications.services import answer_question
from runtime.processes import tied_to_parent
from tests.processes import ROOT

pytest.importorskip("langgraph")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

# `make rehearse` takes 200. Each invoice has two.
INTERRUPTS = int(os.environ.get("INTERRUPTS", "6"))
WORKERS = 1 if INTERRUPTS < 50 else 3
KILLS = max(2, INTERRUPTS // 5)  # beside those after the first payment of each worker


class Worker:
    """A process that runs some of the graph's threads, and how often it was killed."""

    def __init__(self, folder: Path, url: str, key: str, invoices: list[str]) -> None:
        self.folder, self.invoices, self.kills = folder, invoices, 0
        folder.mkdir()
        (folder / "key").write_text(key)
        self.command = [sys.executable, "-m", "tests.graph_of_payments", str(folder), url, *invoices]
        self.start()

    def start(self) -> None:
        """Start it, to be killed some seconds later."""
        environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'clients/python/src'}"}
        log = (self.folder / "log").open("w")
        self.process = subprocess.Popen(
            tied_to_parent(self.command), cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        log.close()
        self.dies_at = time.monotonic() + random.uniform(1.5, 5)

    def kill_when_due(self) -> None:
        """Kill it with SIGKILL if its time has come."""
        if self.process.poll() is None and time.monotonic() > self.dies_at:
            self.process.kill()
            self.process.wait()

    def is_over(self) -> bool:
        """Return True if it has ended by itself; if it was killed, start it again."""
        if self.process.poll() == -signal.SIGKILL:
            self.kills += 1
            self.start()
        return self.process.poll() is not None

    def rows(self, query: str) -> list[tuple[str, ...]]:
        """What its own database has."""
        with closing(sqlite3.connect(self.folder / "own.sqlite3")) as db:
            return db.execute(query).fetchall()


def answer_some(share: float) -> None:
    """Answer some of the open questions, as people do at any time, and no more than this share of all there will be."""
    left = int(INTERRUPTS * share) - Answer.objects.count()
    for question_id in Question.objects.filter(status="OPEN").values_list("pk", flat=True)[: max(left, 0)]:
        if random.random() < 0.5:
            with project_work() as work:
                question = question_in(work, question_id)
                value = question.schema["type"] == "boolean" or 99.5
                answer_question(work, question=question, answer=value, by="ann", door="admin")


def test_each_interrupt_is_asked_once_answered_once_and_paid_once(api: str, agents_key: str, tmp_path: Path) -> None:
    invoices = [f"invoice-{n}" for n in range(INTERRUPTS // 2)]
    url, began = api.removesuffix("/api/v1"), time.monotonic()
    workers = [Worker(tmp_path / str(n), url, agents_key, invoices[n::WORKERS]) for n in range(WORKERS)]
    while sum(worker.is_over() for worker in workers) < WORKERS:
        kills = sum(worker.kills for worker in workers)
        if kills < KILLS:
            random.choice(workers).kill_when_due()
        answer_some((kills + 1) / (KILLS + 1))
        assert Question.objects.count() <= INTERRUPTS
        time.sleep(0.2)
    for worker in workers:
        assert worker.process.returncode == 0, (worker.folder / "log").read_text()
        assert (worker.folder / "log").read_text().splitlines() == [f"{name} True 99.5" for name in worker.invoices]
    paid = Counter(row[0] for worker in workers for row in worker.rows("SELECT invoice FROM payments"))
    begun = sum(int(worker.rows("SELECT count(*) FROM begun")[0][0]) for worker in workers)
    kills = sum(worker.kills for worker in workers)
    sys.stdout.write(
        f"\n{INTERRUPTS} interrupts of {len(invoices)} threads, {kills} SIGKILLs, {time.monotonic() - began:.0f} s: "
        f"{Question.objects.count()} asked, {Answer.objects.count()} answered, {paid.total()} payments; "
        f"the node began {begun} times\n"
    )
    assert kills >= KILLS
    assert paid == dict.fromkeys(invoices, 1)
    assert Project.objects.count() == Question.objects.count() == Answer.objects.count() == 2 * len(invoices)
    assert begun >= 3 * len(invoices)  # what LangGraph itself repeats: the node begins once more at each answer
