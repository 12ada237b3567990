"""What a backup says of itself: who made it and when, what is in it, and the digest of each part."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

FORMAT = 1


class Part(BaseModel):
    """One file inside the backup: its size in bytes and the SHA-256 of its bytes, in hexadecimal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bytes: int
    sha256: str


class Manifest(BaseModel):
    """The description of a backup, which is its last part.

    `version` is the version of Interlock, `tool` the major version of the program that wrote the database's part (0 for
    SQLite). `migrations` are {app: names}, `counts` {table: rows} without the table of sessions, which is left out.
    `newest_event` is the number of the newest event. `missing_artifacts` are named by rows and were not stored (any
    more) when the backup was made.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    made_at: datetime
    version: str
    database: Literal["sqlite", "postgresql"]
    tool: int = 0
    migrations: dict[str, list[str]]
    counts: dict[str, int]
    newest_event: int
    missing_artifacts: list[str] = []
    parts: dict[str, Part] = {}

    @property
    def stored(self) -> list[str]:
        """Return the names of the stored files that are in the backup: artifacts, and archives of events."""
        return [name for name in self.parts if "/" in name]
