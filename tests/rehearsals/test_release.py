"""What `make dist` puts into dist/, from a copy of the files that git knows."""

import json
import shutil
import subprocess
import time
from pathlib import Path

from tests.house import ROOT


def copy_of_the_project(to: Path) -> None:
    """Copy every file that git knows; the packages stay where they are."""
    for name in subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).strip("\0").split("\0"):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, to / name)
    (to / ".venv").symlink_to(ROOT / ".venv")


def test_make_dist_builds_the_packages_their_sbom_and_the_notes(tmp_path: Path) -> None:
    copy_of_the_project(tmp_path)
    began = time.monotonic()
    made = ["make", "--assume-old", ".venv/.installed", "dist"]
    done = subprocess.run(made, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    bill = json.loads((tmp_path / "dist/about/interlock.cdx.json").read_text())
    version, names = bill["metadata"]["component"]["version"], {one["name"].lower() for one in bill["components"]}
    assert {"django", "redis", "psycopg"} <= names
    assert not {"pytest", "mypy"} & names, "packages of the development are in the bill"
    packages = {path.name for path in (tmp_path / "dist/packages").iterdir()}
    assert packages == {f"interlock-{version}-py3-none-any.whl", f"interlock-{version}.tar.gz"}
    assert (tmp_path / "dist/about/notes.md").read_text().strip()
    print(f"\n{version}: {len(names)} packages in the SBOM, built in {time.monotonic() - began:.0f} s")
