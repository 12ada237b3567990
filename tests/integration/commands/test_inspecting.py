"""`manage.py inspect`: what is read from a file, as text and as JSON, recomputed from the file by other means."""

import csv
import gzip
import random
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import orjson
import pytest
from django.core.management import CommandError

from intake.inspection import alternatives, inspect_file

Run = Callable[..., str]


@pytest.fixture
def process_log(tmp_path: Path) -> Path:
    """A gzipped log of 5,000 rows with minutes to two places, as a process mining tool exports it."""
    chance, lines = random.Random(11), ["Case,Task,Category,Employee,Start,End,Duration (min)"]
    for number in range(5000):
        hundredths = chance.randrange(1, 20_000)
        start = f"2026-{chance.randrange(1, 4):02d}-{chance.randrange(1, 29):02d}T08:00:00"
        category = chance.choice(["Check", "Check", "Check", "Call", "check ", "Assess"])
        lines.append(
            f"{number},Task {number % 40},{category},E{number % 9},{start},,{hundredths // 100}.{hundredths % 100:02d}"
        )
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def recomputed(path: Path) -> tuple[int, Decimal, dict[str, Decimal]]:
    """Return rows, minutes and minutes by category, with nothing but the standard library."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        sums[row["Category"].strip().capitalize()] += Decimal(row["Duration (min)"])
    return len(rows), sum(sums.values(), Decimal(0)), dict(sums)


def test_the_figures_are_those_that_the_standard_library_computes(process_log: Path, run: Run) -> None:
    found = orjson.loads(run("inspect", process_log, "--json"))
    rows, minutes, breakdown = recomputed(process_log)
    assert (found["rows"], found["minutes"]) == (rows, float(minutes))
    assert found["breakdown"] == {name: float(total) for name, total in breakdown.items()}
    assert found["columns"]["duration"] == {"header": "Duration (min)", "unit": "min"}
    assert found["questions"] == []


def test_a_question_is_shown_with_its_choices_and_an_answer_settles_it(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "team.csv"
    path.write_text("Task,Time Spent\nA,2100\nB,300\nC,1800\n")
    shown = run("inspect", path)
    assert "--answer duration_unit=s: seconds, 70.00 minutes" in shown
    assert "minutes, 4,200.00 minutes (3 days)" in shown
    [question] = orjson.loads(run("inspect", path, "--json"))["questions"]
    assert question["field"] == "duration_unit"
    phrase = {"template": "seconds", "values": {}}
    assert {"value": "s", "title": "seconds", "phrase": phrase, "minutes": 70.0} in question["choices"]
    answered = orjson.loads(run("inspect", path, "--json", "--answer", "duration_unit=min"))
    assert (answered["minutes"], answered["questions"]) == (4200, [])


def test_each_choice_of_a_question_can_be_inspected(tmp_path: Path) -> None:
    path = tmp_path / "team.csv"
    path.write_text("Task,Time Spent\nA,2100\nB,300\n")
    [doubt] = inspect_file(path).doubts
    found = alternatives(path, doubt)
    assert [one.milliseconds for one in found] == [choice.milliseconds for choice in doubt.choices]
    assert [one.doubts for one in found] == [[]] * len(doubt.choices)


def test_sheets_warnings_and_the_program_are_shown(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "team.csv"
    path.write_text("Issue key,Summary,Time Spent\nA-1,Fix,3600\nA-2,Plan,60\n")
    found = orjson.loads(run("inspect", path, "--json"))
    assert found["program"] == "Jira"
    assert found["sheets"] == [{"name": "", "read": True, "why": "the first visible sheet with a table"}]
    assert [(w["row"], w["column"]) for w in found["warnings"]] == [(1, "Time Spent")]


@pytest.mark.parametrize("content", ["", "Task,Minutes\n", "Task,Minutes\nA,soon\n", "%PDF-1.7"])
def test_what_is_refused_ends_with_the_reason_and_code_1(tmp_path: Path, run: Run, content: str) -> None:
    path = tmp_path / "team.csv"
    path.write_text(content)
    with pytest.raises(CommandError, match=r"team\.csv") as raised:
        run("inspect", path, "--json")
    assert raised.value.returncode == 1


def test_an_answer_that_is_no_choice_is_refused_with_the_choices(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "team.csv"
    path.write_text("Task,Time Spent\nA,2100\nB,300\n")
    with pytest.raises(CommandError, match="Answer one of: ms, s, min"):
        run("inspect", path, "--answer", "duration_unit=x")
