"""The PostgreSQL that a single command gets for itself."""

import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from tests import servers
from tests.waiting import is_alive, wait_until

SCRIPT = str(Path(servers.__file__))
SHOW_FSYNC = """
import os, psycopg, sys
print(psycopg.connect(os.environ["DATABASE_URL"]).execute("show fsync").fetchone()[0])
sys.exit(7)
"""
STAY = "import os, time; print(os.environ['DATABASE_URL'], flush=True); time.sleep(60)"


def with_postgres(*words: str) -> list[str]:
    return [sys.executable, SCRIPT, "postgres", *words]


def postmaster_of(url: str) -> int:
    """The process id of the server behind the URL."""
    with psycopg.connect(url) as connection:
        row = connection.execute("select pg_read_file('postmaster.pid')").fetchone()
    return int(row[0].split()[0]) if row else 0


def test_the_command_gets_a_database_and_its_exit_code_is_passed_on() -> None:
    command = with_postgres("--", sys.executable, "-c", SHOW_FSYNC)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (7, "off\n")


def test_a_durable_server_syncs_to_disk() -> None:
    command = with_postgres("--durable", "--", sys.executable, "-c", SHOW_FSYNC)
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == "on\n"


def test_the_server_and_its_data_go_with_the_process_that_asked_for_them() -> None:
    command = with_postgres("--", sys.executable, "-c", STAY)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as asking:
        url = asking.stdout.readline().strip() if asking.stdout else ""
        server = postmaster_of(url)
        assert is_alive(server)
        asking.kill()
        wait_until(lambda: not is_alive(server) and not Path(url.partition("host=")[2]).exists())


def test_data_in_a_given_folder_outlives_the_server() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        with servers.embedded_postgres(Path(name) / "data") as url, psycopg.connect(url) as connection:
            connection.execute("create table kept ()")
        with servers.embedded_postgres(Path(name) / "data") as url, psycopg.connect(url) as connection:
            assert connection.execute("select count(*) from kept").fetchone() == (0,)
