"""A small file costs little, whatever is in it: time, memory, places and processes are bounded."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from intake.admission import admitted
from intake.spreadsheets import outside, places
from intake.spreadsheets.columns import BRACKETED, MOST_COLUMNS, named_columns
from intake.spreadsheets.outside import read_rows
from intake.spreadsheets.sheet import LONGEST_CELL, Busy, Unreadable
from tests.hostile_corpus import growing
from tests.waiting import is_alive, wait_until

PARENT = """
import sys, os
sys.path[:0] = sys.argv[2:]
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings_for_tests"
from pathlib import Path
from intake.spreadsheets.outside import read_rows
rows = read_rows(Path(sys.argv[1]))
next(rows)
print("reading", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def own_places(settings: Any, tmp_path: Path) -> None:
    """The places of these tests are nobody else's."""
    settings.DATA_DIR = tmp_path


def csv(path: Path, rows: int = 100_000) -> Path:
    """A table that is not read at once: the pipe to the reader is full before."""
    path.write_text("Task,Duration (min)\n" + "Pay an invoice,5\n" * rows)
    return path


@pytest.mark.parametrize("sign", ["(", "[", "{", "(a", "aA"])
def test_a_header_of_many_signs_is_judged_at_once(sign: str) -> None:
    started = time.process_time()
    BRACKETED.sub(" ", sign * 100_000)
    named_columns(["Task " + sign * 100_000, "Duration (min)"])
    assert time.process_time() - started < 0.5


def test_columns_far_to_the_right_are_no_columns() -> None:
    assert named_columns(["x"] * MOST_COLUMNS + ["Task"]).texts == []


MEASURE = """
import os, resource, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from intake.spreadsheets.outside import read_rows
from intake.spreadsheets.sheet import Unreadable
from pathlib import Path
try:
    list(read_rows(Path(sys.argv[1])))
except Unreadable:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
ROOT = Path(__file__).parents[3]


def test_a_workbook_that_grows_in_memory_ends_its_reader_and_takes_no_more_than_256_mb(
    tmp_path: Path, record_property: Any
) -> None:
    path = tmp_path / "work.xlsx"
    path.write_bytes(growing())
    assert path.stat().st_size < 100_000
    # In a process of its own: what other tests' children took counts there for nothing.
    command = [sys.executable, "-c", MEASURE, str(path)]
    most = int(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout) // 1024
    record_property("largest child, MB", most)
    assert 150 < most < 300, "It has to grow up to the limit, and no further."


def test_long_cells_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "work.csv"
    path.write_text("Task,Duration (min)\n" + "x" * 50_000 + ",5\n")
    assert [len(row["text"]) for row in read_rows(path)] == [LONGEST_CELL]


def test_more_rows_than_a_million_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from intake.spreadsheets import reading, survey

    monkeypatch.setattr(survey, "MOST_ROWS", 10)
    with pytest.raises(Unreadable, match="more than 10 rows"):
        list(reading.Table(csv(tmp_path / "work.csv", rows=11), 100))


def test_one_deadline_holds_for_a_whole_file(tmp_path: Path, settings: Any) -> None:
    settings.SPREADSHEET_LIMITS = replace(settings.SPREADSHEET_LIMITS, seconds=0)
    with pytest.raises(Unreadable, match="takes too long"):
        read_rows(csv(tmp_path / "work.csv"))


def test_two_files_are_read_at_once_and_few_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "LONGEST_WAIT_SECONDS", 0.2)
    path = csv(tmp_path / "work.csv")
    first, second = read_rows(path), read_rows(path)
    with pytest.raises(Busy, match="10 seconds"):
        read_rows(path)
    first.close()
    third = read_rows(path)
    assert next(third)["estimated_minutes"] == 5
    with ExitStack() as waiting:
        for lock in iter(lambda: places.lock_free_place("waiting", 4), None):
            waiting.callback(os.close, lock)
        started = time.monotonic()
        with pytest.raises(Busy):
            read_rows(path)
        assert time.monotonic() - started < 0.2
    second.close()
    third.close()


def test_a_file_keeps_one_place_from_its_check_to_its_last_row(tmp_path: Path, settings: Any) -> None:
    settings.SPREADSHEET_LIMITS = replace(settings.SPREADSHEET_LIMITS, at_once=1, waiting=0)
    path = csv(tmp_path / "work.csv", rows=3)
    refused: list[Busy] = []

    def another() -> None:
        try:
            with admitted(path, "other.csv"):
                pass
        except Busy as error:
            refused.append(error)

    with admitted(path, "work.csv"):
        # As a file in doubt is read again under each choice: nobody else comes between.
        for _ in range(2):
            assert not places.is_place_free()
            other = threading.Thread(target=another)
            other.start()
            other.join()
            assert len(list(read_rows(path))) == 3
    assert len(refused) == 2
    assert places.is_place_free()


def test_reading_stops_when_nobody_waits_for_the_rows(tmp_path: Path) -> None:
    gone = threading.Event()
    token = outside.caller_gone.set(gone)
    try:
        rows = read_rows(csv(tmp_path / "work.csv"))
        next(rows)
        gone.set()
        with pytest.raises(Unreadable, match="closed the connection"):
            list(rows)
    finally:
        outside.caller_gone.reset(token)
    assert places.lock_free_place("reading", 1) is not None


def test_a_file_without_a_name_on_the_disk_is_read(tmp_path: Path) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"Task,Duration (min)\nPay,5\n")
        file.flush()
        assert [row["text"] for row in read_rows(file, name="team.csv")] == ["Pay"]
        file.truncate(0)
        with pytest.raises(Unreadable, match=r"^team\.csv is empty"):
            read_rows(file, name="team.csv")


def test_the_reader_ends_with_whoever_started_it(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    words = [sys.executable, "-c", PARENT, str(csv(tmp_path / "work.csv")), str(root), str(root / "tests")]
    parent = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdin is not None
    assert parent.stdout.readline() == b"reading\n"
    (child,) = children_of(parent.pid)
    os.kill(child, signal.SIGSTOP)  # it does not write, so no broken pipe ends it
    parent.kill()
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()
    wait_until(lambda: not is_alive(child), seconds=10)


def children_of(pid: int) -> Iterator[int]:
    """The processes that it started."""
    return (int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
