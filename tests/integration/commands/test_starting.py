"""Starting the system: what stands in its way is said before anything starts, and that it is up when it is."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import CommandError
from pytest_django import Settings

from backlog.errors import UnknownTemplate
from console.entry import message_for_error
from console.entry import run as run_command_line
from events import streams
from runtime.addresses import AddressUnusable, listening_socket
from runtime.embedded import EmbeddedServerError, EmbeddedValkey, Reach, lock_folder
from runtime.supervisor import Child
from tests.processes import ROOT
from tests.waiting import ROOM

HEREABOUTS = ("DATABASE_URL", "REDIS_URL", "DATA_DIR", "DJANGO_SETTINGS_MODULE")
SLEEPING = Child("web", [sys.executable, "-c", "import time; time.sleep(60)"])


def manage(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command in a data folder of its own; it ends by itself."""
    env = {name: value for name, value in os.environ.items() if name not in HEREABOUTS}
    command = [sys.executable, str(ROOT / "manage.py"), *words]
    env |= {"DATA_DIR": str(folder), **variables}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=ROOM * 60, stdin=subprocess.DEVNULL)


@contextmanager
def taken() -> Iterator[int]:
    """A port that another program holds."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        yield holder.getsockname()[1]


def test_a_port_that_is_taken_is_told_before_anything_starts(tmp_path: Path) -> None:
    with taken() as port:
        ended = manage(tmp_path, "up", "--web", f"127.0.0.1:{port}")
    another = f"./manage.py up --web 127.0.0.1:{port + 1}"
    said = f"Port {port} is in use by another program. Stop it, or choose another: {another}."
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.splitlines() == [f"CommandError: {said}"]
    assert not (tmp_path / "valkey").exists()


@pytest.mark.parametrize("processes", ["1", "2"])
def test_the_web_alone_says_so_too(run: Callable[..., str], processes: str) -> None:
    with taken() as port, pytest.raises(CommandError, match=rf"Port {port} is in use.*\./manage\.py web --at"):
        run("web", "--at", f"127.0.0.1:{port}", "--processes", processes)


@pytest.mark.parametrize("address", ["8000", "127.0.0.1:", "127.0.0.1:many", "127.0.0.1:70000", "nowhere.invalid:80"])
def test_an_address_that_is_none_is_told_in_words(address: str) -> None:
    with pytest.raises(AddressUnusable, match=r"is not an address\. Write HOST:PORT|Nothing can listen at"):
        listening_socket(address, instead="{}")


def test_a_port_of_the_broker_that_is_taken_is_told(tmp_path: Path) -> None:
    with taken() as port, pytest.raises(EmbeddedServerError, match=f"Port {port} is in use by another program"):
        EmbeddedValkey(tmp_path, Reach(port, password="geheim")).start()


def test_a_second_system_in_the_folder_is_refused_with_the_process_that_holds_it(tmp_path: Path) -> None:
    lock = lock_folder(tmp_path / "up.lock")
    try:
        ended = manage(tmp_path, "up", "--no-web", REDIS_URL=os.environ["REDIS_URL"])
    finally:
        os.close(lock)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Another Interlock (process {os.getpid()}) uses {tmp_path}. Stop it first")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("words", "variables", "says"),
    [
        (("projects",), {}, "Run: ./manage.py migrate"),
        (("consume", "orchestrator"), {}, "migrations. Run: ./manage.py migrate"),
        (("projects",), {"DATABASE_URL": "postgresql://me:geheim@127.0.0.1:1/x"}, "Is PostgreSQL running where"),
        (("streams",), {}, "The broker does not run. Start the system in another terminal: ./manage.py up"),
    ],
)
def test_what_is_missing_is_told_in_a_sentence(
    tmp_path: Path, words: tuple[str, ...], variables: dict[str, str], says: str
) -> None:
    ended = manage(tmp_path, *words, **variables)
    assert ended.returncode == 1
    assert says in ended.stderr
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert "geheim" not in ended.stderr


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis://127.0.0.1:1", "Is it running where REDIS_URL"),
        ("redis+cluster://127.0.0.1:1,127.0.0.1:2", "Is it running where REDIS_URL"),
        ("redis+sentinel://127.0.0.1:1/one", "No Sentinel answers and names a primary"),
    ],
)
def test_a_broker_that_does_not_answer_is_told_in_a_sentence(
    settings: Settings, capsys: pytest.CaptureFixture[str], url: str, says: str
) -> None:
    settings.REDIS_URL, settings.EMBEDDED_BROKER = url, False
    streams.client.cache_clear()
    try:
        with pytest.raises(SystemExit, match="^1$"):
            run_command_line(["manage.py", "streams"])
    finally:
        streams.client.cache_clear()
    [line] = capsys.readouterr().err.splitlines()
    assert says in line


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (EOFError(), "waits for input, but there is none"),
        (UnknownTemplate("There is no template 'x'."), "no template"),
        (ValueError("a fault of ours"), "None"),
    ],
)
def test_what_its_user_can_mend_is_a_sentence_and_a_fault_of_ours_is_none(error: Exception, says: str) -> None:
    assert re.search(says, str(message_for_error(error)))


def test_commands_refuse_what_cannot_be(run: Callable[..., str]) -> None:
    with pytest.raises(CommandError, match="/nowhere/x cannot be written"):
        run("schemas", "docs", "/nowhere/x")
    with pytest.raises(CommandError, match="whole number of at least 1"):
        run("web", "--processes", "0")
