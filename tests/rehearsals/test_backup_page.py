"""The commands of docs/backup.md, typed in their order into a shell; the folders are this test's own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import ROOT
from tests.rehearsals.places import Place

BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "backup.md").read_text(), re.DOTALL)


def test_the_page_of_backups_can_be_typed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = Place(tmp_path / "first")
    assert here.manage("migrate", "--verbosity", "0").returncode == 0
    assert here.manage("person", "bot", "--service", "--role", "operator").returncode == 0
    backups, elsewhere = tmp_path / "backups", tmp_path / "elsewhere"
    backups.mkdir()
    lines = [line.partition(" #")[0].strip() for block in BLOCKS for line in block.splitlines()]
    refused = []
    for line in lines:
        file = next(backups.glob("*.backup"), backups)
        typed = line.replace("FILE", str(file)).replace("/srv/backups", str(backups))
        typed = typed.replace("/tmp/elsewhere", str(elsewhere)).replace("./manage.py", f"{sys.executable} manage.py")
        done = subprocess.run(["bash", "-c", typed], cwd=ROOT, env=here.environment, capture_output=True, text=True)
        if done.returncode:
            refused.append(line)
            assert "not empty" in done.stderr, done.stderr
    with capsys.disabled():
        print(f"\ndocs/backup.md: {len(lines)} commands typed, refused as the page says: {refused}")
    assert refused == ["./manage.py restore FILE"]
