"""The programs of docs/agents.md as processes among their libraries, and the people who answer them."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from runtime.processes import tied_to_parent
from tests.house import ROOT
from tests.rehearsals.places import Place
from tests.waiting import wait_until

PAGE = (ROOT / "docs" / "agents.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
[ACCOUNT] = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
VENVS = ROOT / "var" / "rehearsals"
STUBS = Path(__file__).parent
# The effect has happened, and nobody knows it yet.
PAID = '    return f"{invoice} is paid"'
FOUND = "SELECT id, status, kind, title FROM clarifications_question"


def venv_with(name: str, *packages: str) -> Path:
    """Return the Python of an environment of its own with these packages; made once, and made anew when they change."""
    folder, wanted = VENVS / name, "\n".join(packages)
    if not (stamp := folder / "installed").exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages], cwd=ROOT, check=True)
        stamp.write_text(wanted)
    return folder / "bin" / "python"


def block_with(words: str) -> str:
    """Return the program of the page that has these words."""
    [found] = [block for block in BLOCKS if words in block]
    return found


def account_in(place: Place, folder: Path) -> None:
    """Make the agent's account with the commands of the page; its key is in the folder then."""
    lines = ACCOUNT.replace("./manage.py", f"{sys.executable} {ROOT / 'manage.py'}")
    subprocess.run(["bash", "-euc", lines], cwd=folder, env=place.environment, check=True, capture_output=True)


def answer(place: Place, question_id: str, value: str) -> None:
    """Answer as a person."""
    done = place.manage("answer", question_id, value, "--by", "ann")
    assert done.returncode == 0, done.stderr


def open_questions(place: Place) -> list[str]:
    """The ids of the questions that wait."""
    return [str(row[0]) for row in place.rows(f"{FOUND} WHERE status = 'OPEN'")]


@dataclass
class Program:
    """A program of the page in its folder, which dies once by itself after it has paid."""

    place: Place
    folder: Path
    command: list[str]
    kills: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> None:
        """Write a program that reaches the place, beside the `payments` that it imports."""
        (self.folder / name).write_text(text.replace("http://127.0.0.1:8000", f"http://{self.place.web}"))
        dying = PAID.replace("    return", "    stubs.die_once()\n    return")
        (self.folder / "payments.py").write_text("import stubs\n" + block_with("def pay_once").replace(PAID, dying))

    def start(self) -> subprocess.Popen[str]:
        """Start the program."""
        paths = f"{self.folder}:{ROOT / 'clients/python/src'}:{STUBS}"
        environment = {**os.environ, "PYTHONPATH": paths, "OPENAI_AGENTS_DISABLE_TRACING": "1", **self.environment}
        return subprocess.Popen(
            tied_to_parent(self.command), cwd=self.folder, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def kill_while_a_person_thinks(self) -> None:
        """Start the program, and kill it as soon as its question is open."""
        process = self.start()
        wait_until(lambda: bool(open_questions(self.place)) or process.poll() is not None, 60)
        assert process.poll() is None, process.communicate()
        process.kill()
        process.communicate()
        self.kills += 1

    def run(self, answers: dict[str, str]) -> str:
        """Run the program to its end, each time again after it died; answer what it asks. Return what it prints."""
        while True:
            process = self.start()
            wait_until(lambda process=process: self.answer_or_ended(process, answers), 120)  # type: ignore[misc]
            said, error = process.communicate()
            if process.returncode == 0:
                return said
            assert process.returncode == -9, error
            self.kills += 1

    def answer_or_ended(self, process: subprocess.Popen[str], answers: dict[str, str]) -> bool:
        """Answer what is open, by its title; return True once the process has ended."""
        for question_id, _status, _kind, title in self.place.rows(f"{FOUND} WHERE status = 'OPEN'"):
            answer(self.place, str(question_id), answers[str(title)])
        return process.poll() is not None
