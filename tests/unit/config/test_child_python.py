"""The Python that handles files of people finds the packages that this one finds, and nothing that lies around it."""

import subprocess
import sys
from pathlib import Path

import pytest

from environment import child_python

SHOWN = "import os, site, sys; print(site.ENABLE_USER_SITE, sys.path[0], *sorted(os.environ))"


def test_it_finds_packages_of_the_account_but_no_module_of_the_current_folder_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "geheim")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    # A virtual environment, such as that of the tests, never has packages of the account.
    python = str(Path(sys.base_prefix) / "bin" / "python3")
    command = [python, *child_python.COMMAND[1:], "-c", SHOWN]
    surroundings = child_python.variables()
    done = subprocess.run(command, cwd=tmp_path, env=surroundings, capture_output=True, text=True, check=True)
    finds, first, *names = done.stdout.split()
    assert finds == "True"
    assert first not in ("", str(tmp_path))
    assert set(names) <= {*child_python.PASSED_ON, "LC_CTYPE"}
