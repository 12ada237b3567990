"""The child process that reads an upload starts for each file: what it imports, every file waits for."""

import subprocess
import sys
from pathlib import Path

from tests.house import ROOT

HEAVY = (
    *("asyncio", "charset_normalizer", "django", "polars", "ssl", "urllib.request"),
    *("python_calamine", "statistics"),
)
CODE = """
import sys
from pathlib import Path
from dataclasses import asdict
from environment.spreadsheet_limits import SpreadsheetLimits
from intake.spreadsheets.child import told
*_, last = told(Path(sys.argv[1]), 100, {}, asdict(SpreadsheetLimits()))
print(last.decode(), sorted(set(sys.modules) & set(sys.argv[2:])))
"""


def test_a_plain_file_is_read_without_a_library_that_it_does_not_need(tmp_path: Path) -> None:
    file = tmp_path / "team.csv"
    file.write_text("task,minutes\nCall the client,30\n")
    said = subprocess.run([sys.executable, "-c", CODE, str(file), *HEAVY], cwd=ROOT, capture_output=True, text=True)
    assert said.stdout.startswith('{"end":[1,'), said.stderr
    assert said.stdout.rstrip().endswith(" []"), said.stdout
