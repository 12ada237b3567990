"""A process that says that it lives ends well when it is told to, also while it still waits for the broker."""

import os
import subprocess
import sys
from pathlib import Path

from health import life
from tests.house import ROOT
from tests.waiting import wait_until

AWAY = {"DATABASE_URL": "postgresql://me@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1/0"}


def test_a_process_that_waits_for_the_broker_ends_well(tmp_path: Path) -> None:
    env = {**os.environ, **AWAY, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, str(ROOT / "manage.py"), "relay"]
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: life.report("relay", list(life.lives(tmp_path)), as_json=False)[1] == 0, 30)
        process.terminate()
        _out, words = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in words) == (0, False)
    assert list((tmp_path / "alive").iterdir()) == []
