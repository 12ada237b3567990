"""The release before and this one side by side, web processes among them, while the database is migrated.

`SIDE_BY_SIDE_SECONDS=60` runs them together for that long. Needs some 40 seconds of CPU.
"""

import os
import subprocess
import sys

import pytest

from tests.chaos.side_by_side import LEFT_OUT
from tests.house import ROOT

SECONDS = os.environ.get("SIDE_BY_SIDE_SECONDS", "15")
HERE = ("DATA_DIR", "DATABASE_URL", "REDIS_URL")


@pytest.mark.timeout(600)
def test_an_upgrade_under_load_loses_nothing_and_answers_every_request(capsys: pytest.CaptureFixture[str]) -> None:
    own = {name: value for name, value in os.environ.items() if name not in HERE}
    command = [sys.executable, "-m", "tests.chaos.side_by_side", "--seconds", SECONDS, "--rest", "10"]
    done = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, timeout=500 + float(SECONDS))
    with capsys.disabled():
        print(f"\nupgrade: {done.stdout.strip()}")
    if done.returncode == LEFT_OUT:
        pytest.skip(done.stdout)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
