"""The same sums by polars, by DuckDB over several files, and row by row."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from intake.spreadsheets.parquet import rows_in
from intake.spreadsheets.rows import Row
from tests.house import ROOT
from workers.agents.figures import RowStats

SCRIPT = ROOT / "scripts" / "partitioned_rows.py"


def rows_of(folder: Path) -> Iterator[Row]:
    """All rows of the partitions, one by one."""
    for path in sorted(folder.glob("*.parquet")):
        yield from rows_in(path)


def test_two_engines_give_the_figures_of_the_rows_one_by_one(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), str(tmp_path), "--make", "5000"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    stats = RowStats()
    assert sum(1 for _ in stats.counting(rows_of(tmp_path))) == 5000
    assert printed.endswith("All figures are equal.\n")
    for category, minutes in stats.by_category.items():
        [line] = [line for line in printed.splitlines() if line.startswith(category)]
        assert line.split().count(str(minutes)) == 2
