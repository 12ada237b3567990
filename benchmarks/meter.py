"""What a load costs: processor time, statements, bytes of PostgreSQL's log and stream entries, all a project."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load import MARK, Load
from benchmarks.stage import Stage
from benchmarks.subjects import Subject
from benchmarks.wire import Kind

# How PostgreSQL's own foreign key checks look among the statements it counts.
FOREIGN_KEY_CHECK = "SELECT % FROM ONLY %FOR KEY SHARE OF x"
COUNT = """SELECT coalesce(sum(calls) FILTER (WHERE query NOT LIKE %s), 0),
        coalesce(sum(calls) FILTER (WHERE query LIKE %s), 0)
    FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid WHERE datname = %s AND query NOT LIKE %s"""


@dataclass(frozen=True)
class Costs:
    """So many projects took these seconds and cost this altogether; processor time in milliseconds, WAL in bytes."""

    projects: int
    seconds: float
    own_ms: float
    postgres_ms: float
    statements: float
    key_checks: float
    wal: float
    entries: float

    @property
    def rate(self) -> float:
        """Return projects a second."""
        return self.projects / self.seconds

    @property
    def cpu(self) -> float:
        """Return the processor time of the subject and of PostgreSQL for one project, in milliseconds."""
        return (self.own_ms + self.postgres_ms) / self.projects


def measured(load: Load, kind: Kind, count: int) -> Costs:
    """Return what so many projects cost; PostgreSQL has just written all pages, so that runs are alike."""
    load.database.execute("CHECKPOINT")
    before = reading(load.subject)
    seconds = load.run(kind, count)
    spent = [after - earlier for after, earlier in zip(reading(load.subject), before, strict=True)]
    return Costs(count, seconds, *spent)


def reading(subject: Subject) -> tuple[float, ...]:
    """Return the counters so far, in the order of the fields of `Costs`."""
    stage = subject.stage
    with stage.connect() as server:
        server.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        counted: Any = server.execute(COUNT, [FOREIGN_KEY_CHECK] * 2 + [subject.name, f"%{MARK}%"]).fetchone()
        wal: Any = server.execute("SELECT pg_current_wal_insert_lsn() - '0/0'").fetchone()
    own = sum(processor_ms(process.pid) for process in subject.running)
    entries = sum(entries_added(stage, stream) for stream in (subject.log, subject.work))
    figures = (own, processor_ms(postmaster(stage)), *counted, *wal, entries)
    return tuple(float(figure) for figure in figures)


def entries_added(stage: Stage, stream: str) -> int:
    """Return how many entries the stream ever got, trimmed ones too."""
    if not stage.redis().exists(stream):
        return 0
    information: Any = stage.redis().xinfo_stream(stream)
    return int(information["entries-added"])


def postmaster(stage: Stage) -> int:
    """Return the id of PostgreSQL's first process, which runs on this machine."""
    with stage.connect() as server:
        folder: Any = server.execute("SHOW data_directory").fetchone()
    return int(Path(folder[0], "postmaster.pid").read_text().split()[0])


def tree(root: int) -> list[int]:
    """Return the process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for pid, words in stats():
        children.setdefault(int(words[1]), []).append(pid)
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def stats() -> Iterator[tuple[int, list[str]]]:
    """Yield each process of the machine and what its `stat` says from its state on."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            yield int(path.parent.name), path.read_text().rpartition(")")[2].split()


def processor_ms(root: int) -> float:
    """Return the processor time of the process, of its children and of those that have ended, in milliseconds."""
    family = set(tree(root))
    ticks = (sum(int(word) for word in words[11:15]) for pid, words in stats() if pid in family)
    return sum(ticks) * 1000 / os.sysconf("SC_CLK_TCK")


def resident(subject: Subject) -> dict[str, float]:
    """Return the resident memory of each process of the subject in MB, by its command line."""
    found = {}
    for pid in (pid for process in subject.running for pid in tree(process.pid)):
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        found[name_of(words)] = pages * os.sysconf("SC_PAGESIZE") / 1e6
    return found


def name_of(words: list[str]) -> str:
    """Return what the process is called: its command or its role."""
    if "manage.py" in " ".join(words):
        return next(Path(words[n + 1]).name for n, word in enumerate(words) if word.endswith("manage.py"))
    return words[-2] or words[-1]
