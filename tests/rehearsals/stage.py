"""A machine as the files of `deploy/` expect it: their secrets, their servers, and a place for each command.

Only addresses and paths are mapped: the servers listen at free ports of this machine, and secrets lie in a folder of
the test. Where the test runs as root, a command of Interlock gets what a container gives it: an account without rights,
and a root that is read-only but for the data folder.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from runtime.processes import tied_to_parent, wait_or_kill
from tests.deployment import DEPLOY, ROOT, Service
from tests.valkeys import free_ports
from tests.waiting import ROOM

# Number of the account in the image (deploy/Dockerfile).
ACCOUNT = 10001
# On a machine that has nothing else to do; a busy one gets more (`tests/waiting.py`).
LONGEST_START_SECONDS = 20.0
LONGEST_JOB_SECONDS = 60.0
# Where the files say that the proxy is; here it is on this machine.
PROXIES = ("172.31.255.0/26", "10.244.0.0/16")
LONGEST_END_SECONDS = 30.0
CHECK_SECONDS = 30.0
# What the client of the Valkey image does, as far as health checks need it: the Python package brings the server only.
VALKEY_CLI = """#!{python}
import os, sys, redis
client = redis.Redis(port=int(os.environ["VALKEY_PORT"]), password=os.environ.get("REDISCLI_AUTH") or None)
print("PONG" if client.execute_command(*sys.argv[1:]) else "no answer")
"""
# Makes the root read-only for one command but for the folder, shows that it is, and runs the command under the account
# of the image: in a namespace where root's files are that account's, since Python itself may lie in a folder of root's.
CONTAINED = f"""
mount --bind "$0" "$0" && mount -o remount,bind,ro / && ! touch /written 2>/dev/null &&
exec unshare --user --map-user={ACCOUNT} --map-group={ACCOUNT} \
    setpriv --no-new-privs --inh-caps=-all --bounding-set=-all "$@"
"""


@dataclass
class Outcome:
    """What became of one command: seconds until it was healthy, its exit code, and what is wrong, if anything."""

    service: Service
    seconds: float = 0.0
    code: int | None = None
    fault: str = ""


@dataclass
class Stage:
    """The folder of the rehearsal with its secrets, and the ports of its servers by the names that files call them."""

    folder: Path
    ports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the secrets by the script that makes them for compose.prod.yaml."""
        self.folder.chmod(0o755)
        self.secrets, self.bin = self.folder / "secrets", self.folder / "bin"
        subprocess.run([DEPLOY / "secrets.sh", self.secrets], check=True, stdout=subprocess.DEVNULL)
        self.secrets.chmod(0o755)  # a container sees the files, and not the folder that is closed to others
        self.bin.mkdir()
        (self.bin / "valkey-cli").write_text(VALKEY_CLI.format(python=sys.executable))
        (self.bin / "valkey-cli").chmod(0o755)
        names = ("postgres:5432", "valkey:6379", "open valkey", "8000", "80", "443", "2019")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        (self.secrets / "mail_server").write_text("smtp://127.0.0.1:25\n")
        for path in [*self.secrets.iterdir()]:
            text = self.mapped(path.read_text())
            path.unlink()
            for name in (path.name, path.name.upper()):  # the chart's keys are named as the variables
                (self.secrets / name).write_text(text)
                (self.secrets / name).chmod(0o444)

    def mapped(self, text: str) -> str:
        """Return the text with the addresses and paths of this machine."""
        places = {name: f"127.0.0.1:{port}" for name, port in self.ports.items() if ":" in name}
        places |= dict.fromkeys(("0.0.0.0:8000", "127.0.0.1:8000", "web:8000"), f"127.0.0.1:{self.ports['8000']}")
        places |= dict.fromkeys(PROXIES, "127.0.0.1")
        places |= dict.fromkeys(("/run/secrets/interlock", "/run/secrets", "%d"), str(self.secrets))
        for there, here in places.items():
            text = text.replace(there, here)
        return text

    # -- a command of Interlock --------------------------------------------------------------------
    def rehearse(self, service: Service) -> Outcome:
        """Start the command, wait until its own check calls it healthy, and end it."""
        data = Path(mkdtemp(prefix=f"{service.name}-", dir=self.folder))
        env, log, began = self.environment(service, data), data / "output", time.monotonic()
        with running(self.contained(data, self.words(service.argv)), env, log) as process:
            fault = self.wait_until_healthy(service, process, env, log)
            outcome = Outcome(service, time.monotonic() - began, fault=fault)
        outcome.code = process.returncode
        outcome.fault = outcome.fault or (f"ended with {outcome.code}" if outcome.code else "")
        if outcome.fault:
            outcome.fault += "\n" + log.read_text(errors="replace")[-2000:]
        return outcome

    def environment(self, service: Service, data: Path) -> dict[str, str]:
        """Return the variables of the service, with this folder for its data, and nothing of this process."""
        own = {name: self.mapped(value) for name, value in service.env.items()}
        if service.file == "compose.yaml":  # its broker needs no password; its database is that of the other file
            own["REDIS_URL"] = f"redis://127.0.0.1:{self.ports['open valkey']}/0"
            own["DATABASE_URL"] = (self.secrets / "database_url").read_text().strip()
        if service.kind == "notify":  # runs only where somebody has named a mail server
            own["EMAIL_URL_FILE"] = str(self.secrets / "mail_server")
        own |= {"DATA_DIR": str(data / "interlock"), "TMPDIR": str(data)}
        return {"PATH": f"{self.bin}:{os.environ['PATH']}", **own}

    def words(self, argv: Sequence[str]) -> list[str]:
        """Return the command as this checkout runs it."""
        program, *words = [self.mapped(word) for word in argv]
        here = {"interlock": [sys.executable, str(ROOT / "manage.py")], "python": [sys.executable]}
        return [*here.get(program, [program]), *words]

    def contained(self, data: Path, words: Sequence[str]) -> list[str]:
        """Return the command with the limits of a container, where this process may set them."""
        if os.geteuid() != 0:
            return list(words)
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", CONTAINED, str(data), *words]

    def wait_until_healthy(
        self, service: Service, process: "subprocess.Popen[bytes]", env: Mapping[str, str], log: Path
    ) -> str:
        """Return "" once the command has said what it does and its check succeeds, or once a job has ended well.

        Else return what the check said last.
        """
        longest = LONGEST_JOB_SECONDS if service.is_job else LONGEST_START_SECONDS
        deadline, said = time.monotonic() + ROOM * longest, "it never answered"
        while time.monotonic() < deadline:
            if process.poll() is not None:
                return "" if service.is_job and process.returncode == 0 else f"ended with {process.returncode}"
            if not service.is_job and log.stat().st_size:
                code, said = self.ask(service, env)
                if code == 0:
                    return ""
            time.sleep(0.2)
        return f"not healthy after {ROOM * longest:.0f} s: {said}"

    def ask(self, service: Service, env: Mapping[str, str]) -> tuple[int, str]:
        """Return the exit code of the service's check, and what it says."""
        words = self.words(service.check)
        check = subprocess.run(words, env=env, capture_output=True, text=True, timeout=CHECK_SECONDS, check=False)
        return check.returncode, check.stdout + check.stderr


@contextmanager
def running(words: Sequence[str], env: Mapping[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the command inside the block, then end it with SIGTERM."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            tied_to_parent(words), env=env, cwd="/", stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        wait_or_kill(process, seconds=LONGEST_END_SECONDS)
