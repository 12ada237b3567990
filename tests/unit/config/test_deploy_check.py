"""`manage.py check --deploy` has nothing to say of a system that is set up as the documents say."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import ROOT

# As in docs/deploy.md.
DEPLOYED = {
    "SECRET_KEY": "".join(chr(65 + number % 50) for number in range(60)),
    "DATABASE_URL": "postgresql://interlock:secret@db.example/interlock",
    "REDIS_URL": "redis://:secret@broker.example:6379/0",
    "ALLOWED_HOSTS": "interlock.example.org,localhost,127.0.0.1",
    "CSRF_TRUSTED_ORIGINS": "https://interlock.example.org",
    "PUBLIC_URL": "https://interlock.example.org",
    "BEHIND_TLS": "true",
    "TRUSTED_PROXIES": "10.0.0.5",
}


def checked(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """What the command says with these variables."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    own = {"DATA_DIR": str(folder / "data")}
    return subprocess.run(command, env=kept | own | variables, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_deployed_system_has_no_warning(tmp_path: Path) -> None:
    said = checked(tmp_path, **DEPLOYED)
    assert (said.returncode, said.stdout) == (0, "System check identified no issues (1 silenced).\n"), said.stderr


@pytest.mark.parametrize("name", ["BEHIND_TLS", "REDIS_URL"])
def test_what_is_missing_is_said(tmp_path: Path, name: str) -> None:
    said = checked(tmp_path, **{variable: value for variable, value in DEPLOYED.items() if variable != name})
    assert said.returncode == 1
    assert "WARNINGS" in said.stderr
