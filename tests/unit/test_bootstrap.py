"""The script that sets up .venv, with a Python that stands in for those that people have."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "bootstrap.sh"
# `-m venv` makes a .venv of this same program; `-m pip` says what $PIP_SAYS holds, and fails with $PIP_CODE.
PYTHON = """#!/bin/sh
case "$*" in
*version_info*) exit "${TOO_OLD:-0}" ;;
--version) echo "Python 3.9.2" ;;
*"-m venv"*) [ -z "${NO_VENV:-}" ] || { echo "ensurepip is not available"; exit 1; }
    mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
*"-m pip"*) printf '%s\\n' "${PIP_SAYS:-Collecting idna}"; exit "${PIP_CODE:-0}" ;;
esac
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with a lock of two packages, and a path on which there is only our Python."""
    (tmp_path / "bin").mkdir()
    for name in ("python3.13", "python3.12", "python3.11", "python3", "python"):
        (tmp_path / "bin" / name).write_text(PYTHON)
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "requirements.lock").write_text("idna==3.15 \\\n    --hash=sha256:0\nrich==14.0\n")
    return tmp_path


def bootstrap(clone: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end, without a terminal."""
    env = {"PATH": f"{clone / 'bin'}:/usr/bin:/bin", "HOME": os.environ["HOME"], **variables}
    return subprocess.run(["sh", str(SCRIPT)], cwd=clone, env=env, capture_output=True, text=True, timeout=30)


def test_it_says_what_it_does_and_leaves_its_stamp(clone: Path) -> None:
    ended = bootstrap(clone)
    assert ended.returncode == 0, ended.stderr
    assert "Setting up .venv with about 2 packages" in ended.stdout
    assert "Step 1 of 3" in ended.stdout
    assert "Ready after" in ended.stdout
    assert "\r" not in ended.stdout
    assert (clone / ".venv" / ".installed").exists()


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"TOO_OLD": "1"}, "needs Python 3.11 or newer; there is Python 3.9.2"),
        ({"BASE_PYTHON": "python3.10"}, "BASE_PYTHON=python3.10 is no Python 3.11 or newer on the PATH"),
        ({"NO_VENV": "1"}, "apt install python3-venv"),
        ({"PIP_CODE": "1", "PIP_SAYS": "NewConnectionError: Failed to establish a new connection"}, "index cannot be"),
        ({"PIP_CODE": "1", "PIP_SAYS": "OSError: [Errno 28] No space left on device"}, "The disk is full"),
        ({"PIP_CODE": "1", "PIP_SAYS": "PACKAGES DO NOT MATCH THE HASHES"}, "another file than requirements.lock"),
        ({"PIP_CODE": "1", "PIP_SAYS": "error: no C compiler"}, "no C compiler"),
    ],
)
def test_what_stands_in_its_way_is_a_clear_sentence(clone: Path, variables: dict[str, str], says: str) -> None:
    ended = bootstrap(clone, **variables)
    assert ended.returncode == 1
    assert says in ended.stderr
    assert "run make again" in ended.stderr or "Nothing of it was installed" in ended.stderr
    assert not (clone / ".venv" / ".installed").exists()


def test_a_half_made_environment_is_made_anew_and_a_finished_one_is_kept(clone: Path) -> None:
    bootstrap(clone, PIP_CODE="1", PIP_SAYS="Killed")
    (clone / ".venv" / "half").touch()
    assert "unfinished or broken" in bootstrap(clone).stdout
    assert not (clone / ".venv" / "half").exists()
    (clone / ".venv" / "mine").touch()
    assert "unfinished" not in bootstrap(clone).stdout
    assert (clone / ".venv" / "mine").exists()
