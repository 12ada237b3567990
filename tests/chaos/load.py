"""The load: somebody asks for projects at a steady rate, through every door, and asks again where no answer came."""

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

from django.db import close_old_connections

from backlog.errors import ProjectExists
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Project
from schemas.payloads.project import ProjectInitialRequestReceived
from tests.chaos.doors import Rest, is_away
from tests.chaos.templates import ROWS, SORTS, Sort
from tests.flows import put
from tests.flows import request as request_event

DOORS = ("stream", "service", "rest")
SENDERS = 3
# How long a sender waits before it tries again what did not go through.
AGAIN_SECONDS = 0.5


@dataclass
class Wanted:
    """A project that is asked for: `accepted_at` is when a door said yes, on this process's clock."""

    sort: Sort
    door: str
    log: Path
    project_id: UUID = field(default_factory=uuid4)
    accepted_at: float | None = None
    seen_over_at: float | None = None

    def payload(self) -> dict[str, Any]:
        """Return the request as the doors take it."""
        text, context = self.sort.request_text(self.log), {"work_context": {"rows": ROWS}}
        about = {"project_id": str(self.project_id), "request_text": text, "template": self.sort.template}
        return {**about, **(context if self.sort.has_rows else {})}


class Load:
    """Asks for `rate` projects a second until it is stopped; keeps what was asked for."""

    def __init__(self, rest: Rest, folder: Path, *, rate: float, sorts: list[str], seed: int) -> None:
        self.rest, self.folder, self.rate, self.sorts = rest, folder, rate, sorts
        self.chance = random.Random(seed)
        self.wanted: list[Wanted] = []
        self.unsent: deque[Wanted] = deque()
        self.losses: list[float] = []
        self.stopping, self.ending = threading.Event(), threading.Event()
        self.faults: list[BaseException] = []

    def ask_until_stopped(self) -> None:
        """Ask for one project after another, at the rate."""
        weights = [SORTS[name].weight for name in self.sorts]
        while not self.stopping.wait(1 / self.rate):
            sort = SORTS[self.chance.choices(self.sorts, weights)[0]]
            wanted = Wanted(sort, self.chance.choice(DOORS), self.folder / f"{len(self.wanted)}.log")
            self.wanted.append(wanted)
            self.unsent.append(wanted)

    def send_until_ended(self) -> None:
        """Send what is asked for; what does not go through is sent again, with the same ids."""
        while not self.ending.is_set():
            try:
                wanted = self.unsent.popleft()
            except IndexError:
                self.ending.wait(0.1)
                continue
            if not self.send(wanted):
                self.unsent.append(wanted)
                self.ending.wait(AGAIN_SECONDS)

    def send(self, wanted: Wanted) -> bool:
        """Return True if the door has accepted the request."""
        close_old_connections()
        try:
            {"stream": self.by_stream, "service": self.by_service, "rest": self.by_rest}[wanted.door](wanted)
        except Exception as error:
            if not is_away(error):
                self.faults.append(error)
            return False
        wanted.accepted_at = time.monotonic()
        return True

    def by_stream(self, wanted: Wanted) -> None:
        """Put the request on the log; its event id is derived from the project's, so it is the same each time."""
        put({**request_event(**wanted.payload()), "event_id": str(wanted.project_id)})

    def by_service(self, wanted: Wanted) -> None:
        """Call the service; where a commit's outcome was not known, it says that the project exists."""
        try:
            with project_work() as work:
                submit_request(work, request=cast(ProjectInitialRequestReceived, wanted.payload()))
        except ProjectExists:
            return

    def by_rest(self, wanted: Wanted) -> None:
        """POST with an Idempotency-Key."""
        self.rest.post("projects", wanted.payload(), key=str(wanted.project_id))

    # -- what came of it ---------------------------------------------------------------------------
    def note_loss(self) -> None:
        """Note that the broker has lost what others put on it up to now: they have to put it again."""
        self.losses.append(time.monotonic())

    def look_until_ended(self) -> None:
        """Note which projects are over, and send again what the broker lost before anybody read it."""
        while not self.ending.wait(0.5):
            try:
                close_old_connections()
                self.look()
            except Exception as error:
                if not is_away(error):
                    self.faults.append(error)

    def look(self) -> None:
        """Look once."""
        open_ones = {w.project_id: w for w in self.wanted if w.accepted_at and w.seen_over_at is None}
        known = dict(Project.objects.filter(pk__in=open_ones).values_list("pk", "finished_at"))
        for project_id, finished_at in known.items():
            if finished_at:
                open_ones[project_id].seen_over_at = time.monotonic()
        for wanted in open_ones.values():
            if wanted.door == "stream" and wanted.project_id not in known and self.was_lost(wanted):
                wanted.accepted_at = None
                self.unsent.append(wanted)

    def was_lost(self, wanted: Wanted) -> bool:
        """Return True if the broker has lost its data since the request was put."""
        return any(loss > (wanted.accepted_at or 0) for loss in self.losses)

    def threads(self) -> list[threading.Thread]:
        """Return the threads of the load, not started."""
        calls = [self.ask_until_stopped, self.look_until_ended, *[self.send_until_ended] * SENDERS]
        return [threading.Thread(target=guarded, args=(call, self.faults), daemon=True) for call in calls]


def guarded(call: Callable[[], object], faults: list[BaseException]) -> None:
    """Call it and keep what it raises."""
    try:
        call()
    except BaseException as error:
        faults.append(error)
