"""The demonstration as a program of its own: its last line, its exit code, and what it leaves behind."""

import os
import re
import signal
import subprocess
import sys
from argparse import ArgumentTypeError
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.conf import settings

from backlog.blueprints import shipped_definitions
from backlog.models import Template
from console.demo import Interruption, title_of
from console.management.commands.demo import hourly_rate
from tests.copying import migrated_in
from tests.waiting import wait_until

SHEET = "Task,Category,Minutes\nMatch [/payments],[/x],90\nFile receipts,Expenses,a while\nClose month,Close,2h\n"
# The item that needs the rate goes on.
COSTS = re.compile("Analyse what it costs +(In progress|Done)")
PROMISED = {
    "project_id", "archived", "status", "seconds", "items", "questions", "deliverables", "rows_read", "row_warnings",
    "events", "dead_letters", "peak_memory_mib",
}  # fmt: skip


def program(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    """How it is started: with temporary folders, a database and a broker of its own."""
    ours = ("DATABASE_URL", "REDIS_URL", "DATA_DIR", "DJANGO_SETTINGS_MODULE", "INTERLOCK_DEMO_DIR")
    environment = {key: value for key, value in os.environ.items() if key not in ours} | {"TMPDIR": str(tmp_path)}
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "demo", *arguments]
    return {"args": command, "env": environment}


def demo(tmp_path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    started = program(tmp_path, *arguments)
    started["env"] |= variables
    return subprocess.run(**started, capture_output=True, text=True, timeout=240, check=False)


def test_it_asks_for_the_rate_goes_on_and_ends_with_one_json_object(django_db_setup: None, tmp_path: Path) -> None:
    sheet, folder = tmp_path / "team.csv", tmp_path / "folders"
    sheet.write_text(SHEET)
    folder.mkdir()
    migrated_in(tmp_path)
    there = {"DATABASE_URL": f"sqlite:///{tmp_path / 'interlock.sqlite3'}"}  # a database that is named is used
    ended = demo(folder, "--file", str(sheet), "--json", **there)
    assert ended.returncode == 0, ended.stderr
    told = orjson.loads(ended.stdout.splitlines()[-1])
    assert set(told) == PROMISED
    assert (told["status"], told["rows_read"], told["row_warnings"], told["dead_letters"]) == ("DONE", 3, 1, 0)
    answered = {"status": "ANSWERED", "blocked_items": 2}
    assert sorted(told["questions"], key=lambda question: str(question["field"])) == [
        {"field": "hourly_rate", **answered, "answer": 45},
        {"field": "period", **answered, "answer": {"type": "month"}},
    ]
    assert "Time and cost audit: team.csv" in ended.stderr
    assert told["deliverables"]["cost_analysis"]["monthly_cost"] == 3.5 * 45
    assert "[/x]" in ended.stderr
    assert list(folder.glob("interlock-demo-*")) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_even_where_the_exception_it_raises_gets_lost(number: signal.Signals) -> None:
    interruption = Interruption()
    interruption.check()
    with pytest.raises(SystemExit):
        interruption(number)
    with pytest.raises(SystemExit) as ended:
        interruption.check()
    assert ended.value.code == 128 + number


def test_given_the_rate_it_asks_nothing_keeps_all_to_itself_and_leaves_nothing_behind(tmp_path: Path) -> None:
    started = program(tmp_path, "--rate", "62.5")
    with subprocess.Popen(**started, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        assert running.stdout is not None
        before = [*takewhile(lambda line: not COSTS.search(line), running.stdout)]
        processes, modes = children(running.pid), modes_below(tmp_path)
        running.send_signal(signal.SIGINT)
        said = running.stdout.read()
    assert running.returncode == 130, said
    assert any("with an hourly rate of 62.5" in line for line in before)
    assert not any("Waits for an answer" in line for line in before)
    assert "Traceback" not in said
    assert len(processes) >= 3
    assert len(modes) > 20
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in processes), 20)
    assert list(tmp_path.iterdir()) == []


def modes_below(folder: Path) -> dict[str, int]:
    """The rights of everything in the folder; files come and go meanwhile."""
    found = {}
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            found[str(path.relative_to(folder))] = path.lstat().st_mode & 0o777
    return found


def children(pid: int) -> list[int]:
    """The processes that this one started; others come and go meanwhile."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if path.read_text().rpartition(")")[2].split()[1] == str(pid):
                found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize("name", ["audit", "software", "minimal"])
def test_the_title_is_that_of_the_template(name: str) -> None:
    definition = next(one for one in shipped_definitions() if one["name"] == name)
    template = Template(name=name, version=1, definition=definition)
    assert title_of(template, Path("team.csv")) == f"{definition['title']}: team.csv"


def test_a_file_that_is_not_there_is_said_so_and_leaves_nothing_behind(tmp_path: Path) -> None:
    ended = demo(tmp_path, "--file", str(tmp_path / "nowhere.csv"))
    assert ended.returncode == 1
    assert "nowhere.csv cannot be opened" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rate", ["a lot", "-1", "0", "nan", "inf", ""])
def test_a_rate_that_is_none_is_refused(rate: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not an hourly rate"):
        hourly_rate(rate)
