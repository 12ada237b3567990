"""Whether a process lives is read from its file: frozen, stuck and dead ones are told apart, in a second."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from environment import heartbeat
from environment.heartbeat import Heartbeat
from health import life
from tests.house import ROOT
from tests.waiting import wait_until

# Shows life as the roles it is given, and turns.
LIVING = """
import sys, time
from pathlib import Path
from environment import heartbeat
heartbeat.WRITE_EVERY_SECONDS = 0.05
with heartbeat.Heartbeat(Path(sys.argv[1]), sys.argv[2:]):
    print("ready", flush=True)
    time.sleep(60)
"""


@contextmanager
def process(folder: Path, *roles: str) -> Iterator[subprocess.Popen[str]]:
    """A process that shows life as these roles."""
    command = [sys.executable, "-S", "-c", LIVING, str(folder), *roles]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        yield started
        started.kill()


def asked(folder: Path, kind: str) -> tuple[str, int]:
    """What is said of the kind, and the exit code."""
    return life.report(kind, list(life.lives(folder)), as_json=False)


def test_a_living_process_is_well_in_each_of_its_roles_and_in_no_other(tmp_path: Path) -> None:
    with process(tmp_path, "core", "relay"), process(tmp_path, "up"):
        assert [asked(tmp_path, kind)[1] for kind in ("core", "relay", "up")] == [0, 0, 0]
        assert asked(tmp_path, "up")[0] == "up: 2 live"
        words, code = asked(tmp_path, "wbe")
        assert code == 1
        assert "the kind 'wbe'" in words
        assert "Running here: core, relay, up." in words


def test_a_frozen_process_is_ill_within_a_bound_and_well_when_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(life, "FROZEN_SECONDS", 1.0)
    with process(tmp_path, "relay") as frozen, process(tmp_path, "up"):
        frozen.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        wait_until(lambda: asked(tmp_path, "relay")[1] == 1, 3)
        assert time.monotonic() - begun >= 0.9
        assert f"Process {frozen.pid} (relay) has shown no sign of life for 1 s" in asked(tmp_path, "relay")[0]
        assert asked(tmp_path, "up")[1] == 1  # who asks for all hears of one
        frozen.send_signal(signal.SIGCONT)
        wait_until(lambda: asked(tmp_path, "relay")[1] == 0, 3)


def test_a_process_that_was_killed_is_not_there_and_its_file_goes(tmp_path: Path) -> None:
    with process(tmp_path, "relay") as killed:
        killed.kill()
        killed.wait()
        assert asked(tmp_path, "relay")[1] == 1
        assert list((tmp_path / "alive").iterdir()) == []


def test_the_processes_of_another_machine_are_asked_there(tmp_path: Path) -> None:
    with process(tmp_path, "relay"):
        [file] = (tmp_path / "alive").iterdir()
        file.rename(file.with_name("elsewhere 7"))
        assert asked(tmp_path, "relay")[1] == 1
        assert (tmp_path / "alive" / "elsewhere 7").exists()


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that has not turned for a long time; an answer of the sources counts at once."""
    monkeypatch.setattr(heartbeat, "turns", {"relay": time.monotonic() - 500.0, "live": time.monotonic()})
    monkeypatch.setattr(heartbeat, "ANSWERING_SECONDS", 0.0)


@pytest.mark.parametrize(("answers", "code"), [(lambda: True, 1), (lambda: False, 0)])
def test_a_loop_that_stands_still_is_stuck_only_while_what_it_could_wait_for_answers(
    tmp_path: Path, still: None, answers: Callable[[], bool], code: int
) -> None:
    with Heartbeat(tmp_path, ["relay"], answers=answers):
        words, found = asked(tmp_path, "relay")
    assert found == code
    assert ("stands still in relay for 500 s, though database and broker answer" in words) is bool(code)
    assert list((tmp_path / "alive").iterdir()) == []


def test_a_loop_is_not_stuck_before_the_sources_have_answered_for_a_while(
    tmp_path: Path, still: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "ANSWERING_SECONDS", 60.0)
    with Heartbeat(tmp_path, ["relay"]):
        assert asked(tmp_path, "relay")[1] == 0


def test_files_of_machines_that_are_gone_do_not_gather(tmp_path: Path) -> None:
    (tmp_path / "alive").mkdir()
    for name, age in (("gone 7", 2 * heartbeat.OLD_SECONDS), ("elsewhere 8", 5.0)):
        file = tmp_path / "alive" / name
        file.write_text("{}")
        os.utime(file, (time.time() - age, time.time() - age))
    with Heartbeat(tmp_path, ["relay"]):
        assert not (tmp_path / "alive" / "gone 7").exists()
        assert (tmp_path / "alive" / "elsewhere 8").exists()


def test_a_process_whose_file_cannot_be_written_works_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "alive").write_text("in the way")
    with Heartbeat(tmp_path, ["relay"]):
        assert "`health` does not see this process" in caplog.text


def test_the_command_needs_no_django_and_little_time(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-X", "importtime", str(ROOT / "manage.py"), "health", "--json", "--kind"]
    with process(tmp_path, "web") as living:
        done = subprocess.run([*command, "web"], env=environment, capture_output=True, text=True)
        assert done.returncode == 0
        expected = {"ok": True, "says": "", "processes": [{"process": living.pid, "roles": ["web"], "ok": True}]}
        assert json.loads(done.stdout) == expected
        loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
        assert {"django.db", "django.apps", "redis", "config.settings"} & loaded == set()
    assert subprocess.run([*command, "web"], env=environment, capture_output=True).returncode == 1
    assert subprocess.run(command, env=environment, capture_output=True).returncode == 2
