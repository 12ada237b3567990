"""Every figure about a process log is computed again from its file, by other code with the standard library only."""

import csv
import importlib.util
import random
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.house import ROOT

TASKS = [
    *(("Receive claim", "Intake"), ("Record policy holder", "Intake"), ("Assess damage", "Assessment")),
    *(("Request documents", "Assessment"), ("Pay out", "Payment"), ("Close file", "Payment"), ("Complain", "Other")),
]
COLUMNS = ["Case", "Task", "Category", "Employee", "Start", "End", "Duration (min)"]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recompute", ROOT / "scripts" / "recompute.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["recompute"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 4,000 steps over half a year, over midnight and the change of the clocks, in any order."""
    generator, lines = random.Random(20120314), []
    for case in range(900):
        at = datetime(2025, 10, 1) + timedelta(minutes=generator.randrange(180 * 1440))
        for _ in range(generator.randint(1, 8)):
            lines.append(step(generator, f"C{case}", at))
            at += timedelta(minutes=generator.expovariate(1 / 400) - 5)
    generator.shuffle(lines)
    path = tmp_path_factory.mktemp("log") / "log.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *lines[:4000], ["lonely", "Only once", "Other", "", *lines[0][4:]]])
    return path


def step(generator: random.Random, case: str, at: datetime) -> list[str]:
    minutes = round(min(generator.expovariate(1 / 20), 700), 2) + 0.01
    task, category = generator.choice(TASKS)
    offset = "+02:00" if at < datetime(2025, 10, 26, 3) else "+01:00"
    ended = at + timedelta(minutes=minutes * generator.choice([1, 1, 1.5]))
    employee = generator.choice(["", *(f"E{n}" for n in range(9))])
    times = [f"{moment.isoformat(timespec='milliseconds')}{offset}" for moment in (at, ended)]
    return [case, task, category, employee, *times, f"{minutes:.2f}"]


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    names = dict(zip(["case", "text", "category", "person", "started_at", "ended_at"], COLUMNS, strict=False))
    with path.open() as file:
        for line in csv.DictReader(file):
            told = {key: line[column] for key, column in names.items() if line[column]}
            yield {**told, "estimated_minutes": float(line["Duration (min)"])}


def test_every_figure_of_a_process_log_is_what_the_standard_library_computes(script: ModuleType, log: Path) -> None:
    contents = script.contents_of(list(rows_of(log)))
    found = script.differences(script.recomputed(script.lines_of(log)), script.delivered(contents))
    assert [figure for figure in found if not figure[3]] == []
    assert len(found) > 200


def test_a_figure_that_is_off_or_left_out_is_seen(script: ModuleType, log: Path) -> None:
    contents = script.contents_of(list(rows_of(log)))
    contents["friction_analysis"]["rework"]["returns"] += 1
    del contents["friction_analysis"]["waiting"]["p90_minutes"]
    found = script.differences(script.recomputed(script.lines_of(log)), script.delivered(contents))
    assert [name for name, _expected, _actual, equal in found if not equal] == [
        "friction.rework.returns",
        "friction.waiting.p90_minutes",
    ]
