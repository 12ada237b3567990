"""Reads one upload in a process of its own, with little memory and time: `python -I child.py FILE NAME PID MOST`.

A parser may end its whole process on some small legal files, so nobody else may live in it. Writes JSON lines: what
the columns are, each row as [text, category, minutes, number in the sheet], and at the end the counts; or
{"unreadable": …}, in words for the file's owner, or {"fault": …} where the parser could not go on.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path, PosixPath
from typing import Any

MEMORY_BYTES = 256 * 1024 * 1024
CPU_SECONDS = 50
PR_SET_PDEATHSIG = 1


class Named(PosixPath):
    """A file that is called otherwise by its owner."""

    shown = ""

    @property
    def name(self) -> str:
        return self.shown


def end_with(parent: int) -> None:
    """End when the parent does; at once if it is gone already."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def limit() -> None:
    """Take no more memory and time than a decent spreadsheet needs, after everybody else, and write no files."""
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def messages(path: Path, most_warnings: int) -> Iterator[Any]:
    """What there is to say about the file's rows, in order."""
    # The interpreter is isolated: it knows nothing of the project before it is told where it is.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from intake.spreadsheets.reading import Table
    from intake.spreadsheets.sheet import Unreadable

    try:
        table = Table(path, most_warnings)
        yield {"columns": table.columns}
        for row in table:
            yield [row["text"], row["category"], row["estimated_minutes"], table.row_number]
        warnings = [astuple(warning) for warning in table.warnings]
        yield {"end": [table.rows_read, table.row_warnings, warnings]}
    except Unreadable as error:
        yield {"unreadable": str(error)}


def main(file: str, name: str, parent: str, most_warnings: str) -> None:
    """Write all messages; a fault that can still be told is the last of them."""
    end_with(int(parent))
    limit()
    path = Named(file)
    path.shown = name
    try:
        for message in messages(path, int(most_warnings)):
            sys.stdout.write(json.dumps(message) + "\n")
    except MemoryError:
        sys.stdout.write('{"fault": "it needs too much memory"}\n')
    except Exception as error:
        sys.stdout.write(json.dumps({"fault": f"{type(error).__name__}: {error}"[:300]}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
