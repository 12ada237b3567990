"""What the system writes is for its own account alone, whatever the umask, also in a folder that was open before."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from environment.encryption_key import local_keys
from environment.secret_key import local_secret_key
from environment.variables import InvalidVariable
from tests.chaos.disks import filled, small_disk
from tests.copying import migrated_in
from tests.processes import ROOT

# Everything that is written, while the database is open: its journals are there.
SCRIPT = """
import json, os, pathlib
os.umask(0o022)
import django; django.setup()
from django.conf import settings
from runtime.system import running_broker
from events.artifacts import JSON, store
from accounts.models import User
User.objects.create(username="ann")
store([{"a": 1}], media_type=JSON)
with running_broker():
    found = [settings.DATA_DIR, *settings.DATA_DIR.rglob("*")]
    modes = {str(p.relative_to(settings.DATA_DIR)): p.lstat().st_mode & 0o777 for p in found if not p.is_socket()}
print(json.dumps(modes))
"""


def modes_in(folder: Path) -> dict[str, int]:
    """The rights of everything in the data folder, while a process of the system that was started with 022 runs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    own = {"DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=kept | own, cwd=folder.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    modes: dict[str, int] = json.loads(done.stdout)
    return modes


def test_what_was_there_is_closed_what_is_written_is_private_and_what_is_not_ours_is_left(
    django_db_setup: None, tmp_path: Path
) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    (data / "artifacts").mkdir(parents=True)
    (data / "valkey" / "appendonlydir").mkdir(parents=True)
    elsewhere.write_text("not ours")
    ours = [data / "secret_key", data / "artifacts" / "old", data / "valkey" / "appendonlydir" / "old", data / "x.log"]
    for path in (*ours, data / "notes.txt"):
        path.write_text("x" * 50)
    (data / "artifacts" / "link").symlink_to(elsewhere)
    migrated_in(data)
    for path in (data, *data.rglob("*"), elsewhere):
        path.chmod(0o755 if path.is_dir() else 0o644)
    modes = modes_in(data)
    assert {"interlock.sqlite3", "interlock.sqlite3-wal", "interlock.sqlite3-shm", "secret_key"} <= modes.keys()
    left = {"notes.txt", "artifacts/link"}
    is_open = {name: oct(mode) for name, mode in modes.items() if mode & 0o077 and name not in left}
    assert is_open == {}
    assert (modes["."], modes["notes.txt"]) == (0o700, 0o644)
    assert elsewhere.stat().st_mode & 0o777 == 0o644


def test_the_secret_key_is_whole_as_soon_as_it_is_there(tmp_path: Path) -> None:
    code = "from config.settings import SECRET_KEY; print(SECRET_KEY)"
    environment = {**os.environ, "DATA_DIR": str(tmp_path / "data"), "SECRET_KEY": ""}
    started = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    keys = {process.communicate()[0].strip() for process in started}
    assert len(keys) == 1
    assert len(keys.pop()) > 40
    assert [path.name for path in (tmp_path / "data").glob("secret_key*")] == ["secret_key"]


def test_containers_with_the_same_process_number_make_one_key(tmp_path: Path) -> None:
    """What another container left half written under our process number neither stops us nor becomes the key."""
    for name in ("secret_key", "encryption_key"):
        (tmp_path / f"{name}.{os.getpid()}").mkdir()
    assert local_secret_key(tmp_path) == local_secret_key(tmp_path)
    assert local_keys(tmp_path / "encryption_key", make=True) == local_keys(tmp_path / "encryption_key")
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_full_disk_is_said_in_words_and_leaves_no_half_of_a_key() -> None:
    with small_disk(1) as disk:
        if disk is None:
            pytest.skip("only root can mount a disk that can be filled up")
        code = "import sys; sys.argv = ['manage.py', 'check']; import manage; manage.main()"
        environment = {**os.environ, "DATA_DIR": str(disk), "SECRET_KEY": ""}
        command = [sys.executable, "-c", code]
        with filled(disk):
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
            with pytest.raises(InvalidVariable, match="or set ENCRYPTION_KEY"):
                local_keys(disk / "encryption_key", make=True)
        assert done.returncode == 1
        assert done.stderr.strip() == (
            f"{disk}/secret_key cannot be written: No space left on device."
            " Make room there, let this account write, or set SECRET_KEY."
        )
        assert list(disk.iterdir()) == []
