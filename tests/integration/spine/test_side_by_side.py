"""The release before and this one work side by side on one database, which is migrated while the older one runs.

`SIDE_BY_SIDE_SECONDS=60` runs them together for that long; `python -m tests.chaos.side_by_side` says more about it.
"""

import os
import subprocess
import sys

import pytest
from django.db import connection

from tests.chaos.side_by_side import LEFT_OUT
from tests.house import ROOT
from tests.waiting import ROOM

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.faults]

SECONDS = float(os.environ.get("SIDE_BY_SIDE_SECONDS", "1"))


@pytest.mark.timeout(ROOM * 300 + SECONDS)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="it brings a PostgreSQL of its own; once is enough")
def test_nothing_is_lost_while_two_releases_share_a_database_that_is_migrated() -> None:
    own = {name: value for name, value in os.environ.items() if name not in ("DATA_DIR", "DATABASE_URL", "REDIS_URL")}
    command = [sys.executable, "-m", "tests.chaos.side_by_side", "--seconds", str(SECONDS)]
    done = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, timeout=ROOM * 240 + SECONDS)
    if done.returncode == LEFT_OUT:
        pytest.skip(done.stdout)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
