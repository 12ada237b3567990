"""One process reads a file in doubt under each choice: no reading is lost, and each has the limits of a file."""

import io
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from intake.spreadsheets import child, outside
from intake.spreadsheets.outside import read_rows
from intake.spreadsheets.sheet import Unreadable
from tests.house import ROOT

OPEN = "Task,Time Spent\nPay,2100\nPost,300\n"
# The reading of the file as it is and the one under the first choice, each a beginning, two rows and an end.
TWO_READINGS = 9
ENDS_EARLY = f"""
import os, subprocess, sys
command = [sys.executable, {child.__file__!r}, *sys.argv[1:3], str(os.getpid()), *sys.argv[4:]]
lines = subprocess.run(command, stdout=subprocess.PIPE).stdout.splitlines(keepends=True)
sys.stdout.buffer.writelines(lines[:{TWO_READINGS}])
"""
ALLOWS_MORE = """
import resource
from environment import spreadsheet_limits
from intake.spreadsheets.telling import allow_next_reading
spreadsheet_limits.in_force = spreadsheet_limits.SpreadsheetLimits(seconds=60)
for most in (1000, 50):
    resource.setrlimit(resource.RLIMIT_CPU, (40, most))
    allow_next_reading()
    print(*resource.getrlimit(resource.RLIMIT_CPU))
"""


def test_a_process_that_ends_between_two_readings_is_a_file_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, broken = tmp_path / "work.csv", tmp_path / "broken.py"
    path.write_text(OPEN)
    broken.write_text(ENDS_EARLY)
    monkeypatch.setattr(child, "__file__", str(broken))
    read: list[list[Any]] = []
    with pytest.raises(Unreadable, match="more memory or time"):
        read.extend(list(rows) for _, rows in read_rows(path).under_each_choice())
    assert [len(rows) for rows in read] == [2]


def test_each_reading_has_the_time_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, until = iter(range(100)), list[float]()
    said = iter([b'{"columns":{}}\n', b"[1]\n", b'{"given":{}}\n', b"[1]\n", b""])

    def next_chunk(output: Any, name: str, deadline: float) -> bytes:
        until.append(deadline)
        return next(said)

    monkeypatch.setattr(outside, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(outside, "next_chunk", next_chunk)
    with pytest.raises(Unreadable):
        list(outside.read_messages(io.BytesIO(), "work.csv", 60))
    assert until == [60, 60, 60, 61, 61]


def test_each_reading_has_the_cpu_time_of_a_file_within_the_limit_for_all() -> None:
    done = subprocess.run([sys.executable, "-c", ALLOWS_MORE], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["60 1000", "50 50"]
