"""Parses a workbook in a process of its own, with little memory and time: `python -I workbook_child.py FILE`.

The parser ends its whole process on some small legal files, so nobody else may live in it. Writes JSON lines: the
name of a sheet, its rows as [number, cells], the next sheet's name; {"fault": …} at the end if it could not go on.
A cell that is a duration is [minutes].
"""

import datetime
import json
import math
import resource
import sys
from collections.abc import Iterator
from typing import Any

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 20
MOST_COLUMNS = 1024

# Excel counts days from here, and counts a 29 February 1900 that never was.
DAY_ZERO = datetime.datetime(1899, 12, 31)
DAYS_BEFORE_THE_GAP = 60


def limit() -> None:
    """Take no more memory and time than a decent workbook needs, and write no files."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def messages(path: str) -> Iterator[Any]:
    """What there is to say about the workbook's sheets, in order."""
    from python_calamine import CalamineWorkbook

    with CalamineWorkbook.from_path(path) as workbook:
        for index, name in enumerate(workbook.sheet_names):
            yield {"sheet": name}
            for number, cells in enumerate(workbook.get_sheet_by_index(index).iter_rows(), start=1):
                if any(cell != "" for cell in cells):
                    yield [number, [plain(cell) for cell in cells[:MOST_COLUMNS]]]


def plain(cell: Any) -> Any:
    """The cell as JSON: text, a number, or [minutes]."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, datetime.time):
        return [cell.hour * 60 + cell.minute + cell.second / 60 + cell.microsecond / 60_000_000]
    if isinstance(cell, datetime.timedelta):
        return [cell.total_seconds() / 60]
    if isinstance(cell, datetime.datetime) and cell.year <= DAY_ZERO.year + 1:
        return [since_day_zero(cell)]
    if isinstance(cell, float) and not math.isfinite(cell):
        return str(cell)
    return cell.isoformat() if isinstance(cell, datetime.date) else cell


def since_day_zero(moment: datetime.datetime) -> float:
    """A duration of more than a day, shown as a time of day, in minutes."""
    elapsed = moment - DAY_ZERO
    if elapsed.days >= DAYS_BEFORE_THE_GAP - 1:
        elapsed += datetime.timedelta(days=1)
    return elapsed.total_seconds() / 60


def main(path: str) -> None:
    """Write all messages; a fault that can still be told is the last of them."""
    limit()
    try:
        for message in messages(path):
            sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.write('{"end": true}\n')
    except MemoryError:
        sys.stdout.write('{"fault": "it needs too much memory"}\n')
    except Exception as error:
        sys.stdout.write(json.dumps({"fault": f"{type(error).__name__}: {error}"[:300]}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
