"""A short run of the whole system under faults; `make chaos` runs it for ten minutes."""

import os
import subprocess
import sys

import pytest
from django.db import connection

from tests.house import ROOT
from tests.waiting import ROOM

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.faults]

SHORT = ("--seconds", "15", "--seed", "8", "--rate", "2")


@pytest.mark.timeout(ROOM * 300)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="it brings a PostgreSQL of its own; once is enough")
def test_the_whole_system_loses_nothing_and_does_nothing_twice_under_faults() -> None:
    own = {name: value for name, value in os.environ.items() if name not in ("DATA_DIR", "DATABASE_URL", "REDIS_URL")}
    command = [sys.executable, "-m", "tests.chaos", *SHORT]
    done = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, timeout=ROOM * 280)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
