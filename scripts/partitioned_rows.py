"""Sum up stored rows that lie in several Parquet files, by polars and by DuckDB, and show that the figures are equal.

`python scripts/partitioned_rows.py FOLDER` reads FOLDER/*.parquet; `--make N` first writes N rows into eight such
files. DuckDB stands for any engine that reads Parquet and SQL: both run the same statement, see docs/large-data.md.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import duckdb

from intake.spreadsheets import sums
from intake.spreadsheets.parquet import StoredColumns, frames_of, write_frames
from intake.spreadsheets.rows import Part, Row
from workers.agents.figures import minutes_of

PARTITIONS = 8


def make_partitions(folder: Path, rows: int) -> None:
    """Write so many rows, always the same, into PARTITIONS files."""
    chance = random.Random(11)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(PARTITIONS):
        found: list[tuple[Row, int]] = []
        for _ in range(number, rows, PARTITIONS):
            text, category = f"Check invoice {chance.randrange(50)}", f"Department {chance.randrange(9)}"
            row: Row = {"text": text, "category": category, "estimated_minutes": None}
            found.append((row, chance.choice([-1, 20_000, 90_000, chance.randrange(10**7)])))
        with (folder / f"part-{number}.parquet").open("wb") as file:
            write_frames(frames_of(found), cast(Any, file))


def parts_by_duckdb(folder: Path, key: str) -> Iterator[Part]:
    """Yield the parts that DuckDB finds with the statement that polars runs too."""
    with duckdb.connect() as engine:
        files = str(folder / "*.parquet").replace("'", "''")
        engine.execute(f"CREATE VIEW stored AS SELECT *, 0 AS place FROM read_parquet('{files}')")
        for name, summed, own, count, total, _place in engine.execute(sums.parts_by(key)).fetchall():
            yield Part(name, count, int(total) if summed else own, 1 if summed else count)


def summed(parts: Iterator[Part]) -> dict[str, tuple[int, Decimal]]:
    """Return {name: (rows, exact minutes)}."""
    found: dict[str, tuple[int, Decimal]] = {}
    for part in parts:
        rows, minutes = found.get(part.name, (0, Decimal()))
        found[part.name] = (rows + part.rows, minutes + minutes_of(part))
    return dict(sorted(found.items()))


def main() -> None:
    """Print the sums of each category by both engines; exit with 1 if any text or category differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--make", type=int, metavar="N", help="write N rows into the folder first")
    options = parser.parse_args()
    if options.make:
        make_partitions(options.folder, options.make)
    here = {key: summed(StoredColumns(options.folder / "*.parquet").parts_by(key)) for key in sums.KEYS}
    there = {key: summed(parts_by_duckdb(options.folder, key)) for key in sums.KEYS}
    for category, (rows, minutes) in here["category"].items():
        by_duckdb = there["category"].get(category, (0, Decimal()))[1]
        print(f"{category:<16} {rows:>10,} rows  polars {minutes:>24} min  DuckDB {by_duckdb:>24} min")
    if here != there:
        raise SystemExit("The figures differ.")
    print("All figures are equal.")


if __name__ == "__main__":
    main()
