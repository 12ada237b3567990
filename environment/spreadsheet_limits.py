"""The limits within which spreadsheets are read: one table of named settings, each with a safe default.

A process that parses a file reads no settings: it gets the limits from the process that starts it, and sets `in_force`
before it imports the readers, which take their limits from there.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a process that parses files has no memory to spare for what reads the environment
    from environment.variables import Environment

MB = 1024 * 1024


@dataclass(frozen=True)
class SpreadsheetLimits:
    """What one spreadsheet may take. A file beyond a limit is refused, but a cell beyond `longest_cell` is cut."""

    # A million rows of tasks have about 60 MB.
    most_bytes: int = 64 * MB
    most_unpacked_bytes: int = 128 * MB
    # Unpacked bytes for each packed byte: a table of people's work packs to a tenth, seldom to a fiftieth.
    most_ratio: int = 200
    most_members: int = 10_000
    most_sheets: int = 256
    most_rows: int = 1_000_000
    most_columns: int = 1024
    # No description of a task needs more characters.
    longest_cell: int = 4096
    memory_bytes: int = 256 * MB
    seconds: int = 60
    # Files that are read at once on this machine, and how many more may wait. Each holds a thread of the web.
    at_once: int = 2
    waiting: int = 4

    @property
    def most_mb(self) -> int:
        """Return the most megabytes of a file, as people read them."""
        return self.most_bytes // MB


in_force = SpreadsheetLimits()


def spreadsheet_limits(env: "Environment") -> SpreadsheetLimits:
    """Return the limits that the environment sets. Raises InvalidVariable, which names a variable with a bad value."""
    known = SpreadsheetLimits()
    return SpreadsheetLimits(
        most_bytes=MB * env.int("SPREADSHEET_MOST_MB", default=known.most_mb, most=1024),
        most_unpacked_bytes=MB
        * env.int("SPREADSHEET_MOST_UNPACKED_MB", default=known.most_unpacked_bytes // MB, most=65_536),
        most_ratio=env.int("SPREADSHEET_MOST_RATIO", default=known.most_ratio, least=2, most=1032),
        most_members=env.int("SPREADSHEET_MOST_MEMBERS", default=known.most_members, least=16, most=65_535),
        most_sheets=env.int("SPREADSHEET_MOST_SHEETS", default=known.most_sheets, most=65_535),
        most_rows=env.int("SPREADSHEET_MOST_ROWS", default=known.most_rows),
        most_columns=env.int("SPREADSHEET_MOST_COLUMNS", default=known.most_columns, least=2, most=16_384),
        longest_cell=env.int("SPREADSHEET_LONGEST_CELL", default=known.longest_cell, least=16, most=32_767),
        memory_bytes=MB * env.int("SPREADSHEET_MEMORY_MB", default=known.memory_bytes // MB, least=128, most=65_536),
        seconds=env.int("SPREADSHEET_SECONDS", default=known.seconds, most=3600),
        at_once=env.int("SPREADSHEETS_AT_ONCE", default=known.at_once, most=64),
        waiting=env.int("SPREADSHEETS_WAITING", default=known.waiting, least=0, most=64),
    )
