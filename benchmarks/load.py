"""The load: requests are added to the log 200 at a time, and somebody answers every question within 20 ms."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import Any

from benchmarks.subjects import LOAD_SECONDS, Subject
from benchmarks.wire import Fields, Kind, answer, request

CHUNK = 200
LOOK_SECONDS = 0.02
# Statements with this mark are the load's own, which no figure counts.
MARK = "/* load */"


class Load:
    """Opens projects on a subject, answers their questions, and sees when they are done."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.broker = subject.stage.redis()
        self.database = subject.stage.connect(subject.name)

    def run(self, kind: Kind, count: int) -> float:
        """Return the seconds from the first request until the last of so many projects is done."""
        requests = [request(kind) for _ in range(count)]
        since = self.now()
        with self.answering() if kind.questions else nullcontext():
            started = time.perf_counter()
            self.add(requests)
            self.wait_until_finished(since, count)
            return time.perf_counter() - started

    def add(self, entries: list[Fields]) -> None:
        """Add the entries to the log."""
        for start in range(0, len(entries), CHUNK):
            pipe = self.broker.pipeline(transaction=False)
            for entry in entries[start : start + CHUNK]:
                pipe.xadd(self.subject.log, entry)  # type: ignore[arg-type]
            pipe.execute()

    def now(self) -> datetime:
        """Return the time by the database's clock."""
        moment: datetime = self.scalar(f"SELECT {MARK} clock_timestamp()")
        return moment

    def wait_until_finished(self, since: datetime, count: int) -> None:
        """Return when so many projects were finished since then. Raises SystemExit after LOAD_SECONDS.

        A look at many takes long, so the next one comes later: looking is a tenth of the time at most.
        """
        deadline = time.monotonic() + LOAD_SECONDS
        while True:
            began = time.monotonic()
            if (finished := self.finished(since)) >= count:
                return
            if began > deadline:
                raise SystemExit(f"{finished} of {count} projects were done in {LOAD_SECONDS:g} s.")
            time.sleep(max(LOOK_SECONDS, 10 * (time.monotonic() - began)))

    def finished(self, since: datetime) -> int:
        """Return how many projects were finished since then."""
        return int(self.scalar(f"SELECT {MARK} count(*) FROM {self.subject.finished}", since))

    def scalar(self, statement: str, *parameters: object) -> Any:
        """Return the one value that the statement selects."""
        row: Any = self.database.execute(statement, parameters).fetchone()
        return row[0]

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Answer every question that is open, inside the block."""
        stopping = threading.Event()
        thread = threading.Thread(target=self.answer_until, args=(stopping,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()

    def answer_until(self, stopping: threading.Event) -> None:
        """Look for open questions every 20 ms and answer each once, until `stopping` is set."""
        answered: set[tuple[str, str]] = set()
        with self.subject.stage.connect(self.subject.name) as database:
            while not stopping.wait(LOOK_SECONDS):
                new = open_questions(database, self.subject) - answered
                answered |= new
                self.add([answer(*question) for question in new])


def open_questions(database: Any, subject: Subject) -> set[tuple[str, str]]:
    """Return project and question of each open question."""
    return set(database.execute(f"SELECT {MARK} {subject.open_questions}").fetchall())
