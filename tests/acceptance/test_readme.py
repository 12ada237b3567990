"""The README's blocks, run as a newcomer runs them: each in a terminal of its own, with nothing but what it shows."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.processes import tied_to_parent, wait_or_kill
from tests.processes import ROOT
from tests.waiting import wait_until

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(?:sh|python)\n(.*?)```", README, re.DOTALL)
# Tried elsewhere: the demonstration has tests of its own, and these are the tests.
ELSEWHERE = ("make demo    #", "make demo ARGS")
IN_ORDER = (
    "make  ", "./manage.py intake", "./manage.py person tickets", "from workers.contract", "make up ARGS",
    "./manage.py person costs",
)  # fmt: skip
# Where a line's output says what a later line needs.
SAID = {
    "PROJECT_ID": r'Project (\S{36}):|\{"id": ?"([^"]+)", ?"title"',
    "QUESTION_ID": r'manage.py answer ([0-9a-f-]{13}) VALUE|\{"id": ?"([^"]+)", ?"project"',
    "LEASE": r'"lease": ?"([^"]+)',
}
# A make that takes the packages for installed: they are those of this run.
MAKE = "make -o .venv/.installed"


def block(beginning: str) -> str:
    """The block that begins so."""
    [found] = [text for text in BLOCKS if text.startswith(beginning)]
    return found


class Terminal:
    """A shell that a newcomer opens, in a clone of the repository, and what is known from its output so far."""

    def __init__(self, folder: Path, web: str) -> None:
        self.folder, self.web, self.known = folder, web, dict[str, str]()
        self.shell = subprocess.Popen(
            tied_to_parent(["bash", "--norc"]), cwd=folder, env=newcomer(folder), text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def type(self, line: str) -> str:
        """What the line prints; it has to succeed, at the REST interface too."""
        assert self.shell.stdin is not None
        self.shell.stdin.write(f"{self.meant(line)}\necho $'\\n'ended $?\n")
        said = "".join(iter(self.next_line, ""))
        assert self.code in ("0", "124"), f"{line} ended with {self.code}: {said}"
        assert not re.search(r'"status": ?[45]\d\d', said), f"{line}: {said}"
        for name, pattern in SAID.items():
            if found := re.search(pattern, said):
                self.known[name] = next(filter(None, found.groups()))
        return said

    def next_line(self) -> str:
        """A line of the output; empty when the command has ended, whose exit code is kept."""
        assert self.shell.stdout is not None
        line = self.shell.stdout.readline()
        ended = re.fullmatch(r"ended (\d+)\n", line)
        self.code = ended.group(1) if ended else "" if line else "the shell"
        return "" if ended else line

    def meant(self, line: str) -> str:
        """The line with what is known in place of what stands for it, and for the port that a run has to itself."""
        for name, value in self.known.items():
            line = line.replace(name, value)
        line = line.replace("127.0.0.1:8000", self.web).replace("curl -H @key.txt -N", "timeout 2 curl -H @key.txt -N")
        return re.sub(r"^make\b", MAKE, line)

    def close(self) -> None:
        """End it."""
        self.shell.kill()
        self.shell.communicate()


def newcomer(folder: Path) -> dict[str, str]:
    """The environment of somebody who has set nothing, but for the folder, and the password that would be typed."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"DATA_DIR": str(folder / "data"), "PERSON_PASSWORD": "correct horse battery", "COLUMNS": "200"}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What `git clone` and `make` leave: the files of the repository, and its packages."""
    for path in [*ROOT.iterdir()]:
        if path.name not in (".env", ".git", "var"):
            (tmp_path / path.name).symlink_to(path)
    return tmp_path


@contextmanager
def system(folder: Path, web: str, line: str) -> Iterator[None]:
    """The system, started by the line of the README, once it says that it is up."""
    words = re.sub(r'up\b( *ARGS="(.*?)")?.*', rf'up ARGS="--web {web} \2"', line.strip())
    with (folder / "up.log").open("w") as log:
        command = ["bash", "-c", f"exec {re.sub('^make', MAKE, words)}"]
        process = subprocess.Popen(
            tied_to_parent(command), cwd=folder, env=newcomer(folder), stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_until(lambda: "Interlock is up" in (folder / "up.log").read_text() or process.poll() is not None, 90)
        assert process.poll() is None, (folder / "up.log").read_text()
        yield
    finally:
        process.terminate()
        wait_or_kill(process, seconds=30)


@pytest.fixture
def web() -> str:
    """An address that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def run(text: str, terminal: Terminal) -> list[str]:
    """What each line prints; a terminal ends with its block."""
    try:
        return [terminal.type(line) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    finally:
        terminal.close()


def test_every_block_is_run_here_or_tried_elsewhere() -> None:
    begun = (*ELSEWHERE, *IN_ORDER)
    assert [text for text in BLOCKS if not text.startswith(begun)] == []
    assert len(BLOCKS) == len(begun)


def test_each_block_works_as_it_is_written(clone: Path, web: str) -> None:
    *setting_up, up = block("make  ").splitlines()
    assert up.startswith("make up  ")
    run("\n".join(setting_up), Terminal(clone, web))
    with system(clone, web, block("make up ARGS")):
        at_the_command_line = run(block("./manage.py intake"), Terminal(clone, web))
        assert "Answered: Hourly rate" in at_the_command_line[2]
        from_a_program = run(block("./manage.py person tickets"), Terminal(clone, web))
        assert "event:" in from_a_program[-1]
        a_worker = run(block("./manage.py person costs"), Terminal(clone, web))
        assert '"DONE"' in a_worker[-1]


def test_the_agent_is_one() -> None:
    done = subprocess.run([sys.executable, "-"], input=block("from workers"), cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
