"""The child process that parses one upload: `python -P child.py FILE NAME PARENT_PID MOST_WARNINGS ANSWERS LIMITS
FORM`.

A parser can crash its whole process on some small legal files. Therefore each upload is parsed in its own process,
with little memory and time. The process writes JSON lines to standard output: for the FORM `rows` those of
`telling.py`, for `parquet` and `sums` those of `storing.py`. Instead of the end of a reading it writes
{"unreadable": …}, a message for the file's owner in English, with the values to put into it, whether the file is
dangerous, and, where only the header is unknown, the columns to choose from; or {"fault": …} when the parser failed.
A warning or a title is a phrase, {template, values}: whoever shows it translates it.
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path, PosixPath

import orjson

# Reading by columns: polars reserves much more address space for its threads than the memory that it writes to.
COLUMN_ADDRESS_BYTES = 4096 * 1024 * 1024
COLUMN_MEMORY_BYTES = 512 * 1024 * 1024
PR_SET_PDEATHSIG = 1
# A file in doubt is read at most so often: under each of `MOST_COMBINATIONS` in intake, and on the way to them.
MOST_READINGS = 24


class RenamedPath(PosixPath):
    """A path whose `name` is the owner's name for the file, so that error messages use that name."""

    owner_name = ""

    @property
    def name(self) -> str:
        return self.owner_name


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends; exit at once if the parent has ended already."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def limit_resources(memory_bytes: int, cpu_seconds: int) -> None:
    """Limit this process to the memory and CPU time of an ordinary spreadsheet, lower its priority, forbid files."""
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, max(memory_bytes, COLUMN_ADDRESS_BYTES)))
    # The soft limit is that of one reading; `telling.py` raises it for the next.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds * MOST_READINGS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def told(path: Path, most_warnings: int, answers: dict[str, str], limits: dict[str, int]) -> Iterator[bytes]:
    """Yield the messages, as JSON, about a file that is read by rows; keep `most_warnings` warnings."""
    # `python -P` does not put the project's folder on the import path, so it is added here.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from environment import spreadsheet_limits

    spreadsheet_limits.in_force = spreadsheet_limits.SpreadsheetLimits(**limits)
    from intake.spreadsheets.telling import told_messages

    yield from told_messages(path, most_warnings, answers)


def stored(
    path: Path, most_warnings: int, answers: dict[str, str], limits: dict[str, int], form: str
) -> Iterator[bytes]:
    """Yield the messages, as JSON, about a file whose rows are stored or only summed up."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from environment import spreadsheet_limits

    spreadsheet_limits.in_force = spreadsheet_limits.SpreadsheetLimits(**limits)
    address, memory = (max(most, limits["memory_bytes"]) for most in (COLUMN_ADDRESS_BYTES, COLUMN_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_AS, (address, address))
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    from intake.spreadsheets.phrases import encoded
    from intake.spreadsheets.storing import stored_messages

    out = sys.stdout.buffer if form == "parquet" else None
    yield from map(encoded, stored_messages(path, most_warnings, answers, out))


def main(file: str, name: str, parent: str, most_warnings: str, answers: str, limits: str, form: str) -> None:
    """Write all messages about the file; if the parser fails, write a {"fault": …} message as the last one."""
    die_with_parent(int(parent))
    allowed = orjson.loads(limits)
    limit_resources(allowed["memory_bytes"], allowed["seconds"])
    path = RenamedPath(file)
    path.owner_name = name
    try:
        about = (path, int(most_warnings), orjson.loads(answers), allowed)
        for message in told(*about) if form == "rows" else stored(*about, form):
            sys.stdout.buffer.write(message + b"\n")
        sys.stdout.buffer.flush()
    except MemoryError:
        sys.stdout.buffer.write(b'{"fault": "it needs too much memory"}\n')
    except Exception as error:
        fault = f"{type(error).__name__}: {error}"[:300].encode("utf-8", "replace").decode()
        sys.stdout.buffer.write(orjson.dumps({"fault": fault}) + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
