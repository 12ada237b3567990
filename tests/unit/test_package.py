"""`import interlock`: one name, which brings its version and leaves the rest of the process as it is."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import interlock
from config.version import current_version
from tests.house import ROOT

AS_A_GUEST = """
import sys
path = list(sys.path)
import interlock
assert interlock.__version__ == sys.argv[1]
assert sys.path == path
assert not {"config", "environment", "django"} & set(sys.modules)
"""


def test_a_project_that_imports_it_gets_the_version_and_no_room_of_ours() -> None:
    command = [sys.executable, "-c", AS_A_GUEST, current_version()]
    subprocess.run(command, cwd=ROOT, check=True)


def test_it_refuses_a_process_in_which_another_module_has_the_name_of_a_room(monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = ModuleType("charts")
    stranger.__file__ = "/srv/shop/charts.py"
    monkeypatch.setitem(sys.modules, "charts", stranger)
    path = list(sys.path)
    with pytest.raises(ImportError, match=r"the module name 'charts', and /srv/shop/charts\.py is loaded under it"):
        interlock.main()
    assert sys.path == path


def test_it_is_a_program_in_any_folder_and_says_its_version(tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text("raise SystemExit('the config of another project')")
    command = [sys.executable, str(ROOT / "manage.py"), "--version"]
    surroundings = {"PATH": "/usr/bin:/bin", "PYTHONSAFEPATH": "1", "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=surroundings, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"{current_version()}\n", "")
