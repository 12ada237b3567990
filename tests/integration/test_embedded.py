"""The embedded broker: durable, private, one for each data folder."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from waiting import is_alive, wait_until

from config.embedded import EmbeddedServerError, EmbeddedValkey, answers_ping, broker_url, socket_path

OWNER = """
import sys, time
from pathlib import Path
from config.embedded import EmbeddedValkey
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
    with pytest.raises(EmbeddedServerError, match=r"(?s)ended at its start.*manifest"):
        EmbeddedValkey(folder).start()


def test_a_folder_of_somebody_else_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    with pytest.raises(EmbeddedServerError, match="belongs to somebody else"):
        EmbeddedValkey(folder).start()
