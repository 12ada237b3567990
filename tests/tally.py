"""What a test with faults attempted and what became of it."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db.models import Count

from backlog.models import Item, Project
from backlog.states import ItemState, ProjectStatus
from events import streams
from events.models import Event
from events.partitions import has_door, is_log, log_streams
from tests.invariants import violations
from tests.waiting import wait_until

# Flows that a test with faults attempts at each of its steps: FLOWS=500 asks for the full profile.
FLOWS = int(os.environ.get("FLOWS", "20"))


def rows_in_the_ledger() -> int:
    """Grows whenever a consumer commits something."""
    return Event.objects.count()


@dataclass
class Tally:
    """Flows attempted, faults injected, and how long each took to be recovered from.

    `life` is a figure that grows while what was killed is alive.
    """

    attempted: int = 0
    life: Callable[[], int] = rows_in_the_ledger
    kills: int = 0
    recoveries: list[float] = field(default_factory=list)
    dead_since: list[tuple[float, int]] = field(default_factory=list)

    def killed(self) -> None:
        """Count a fault; its recovery is timed from now."""
        self.kills += 1
        self.dead_since.append((time.monotonic(), self.life()))

    def look(self) -> None:
        """Time the faults that have been recovered from since the last look."""
        if self.dead_since:
            life = self.life()
            self.recoveries += [time.monotonic() - since for since, before in self.dead_since if life > before]
            self.dead_since = [(since, before) for since, before in self.dead_since if life <= before]

    def at_rest(self) -> bool:
        """Whether every flow is done, nothing is left to do and no promise is broken."""
        self.look()
        return self.committed() == self.attempted and not violations()

    def wait_for_rest(self, seconds: float = 20.0) -> None:
        """Returns once all is done; fails the test with the figures and what is broken when nothing goes on any more.

        The seconds are those of the short profile. They begin anew as long as something went on meanwhile: how quickly
        a busy machine gets through is not what is tested.
        """
        before: tuple[int, int, int] | None = None
        while True:
            try:
                return wait_until(self.at_rest, seconds * max(1.0, FLOWS / 100))
            except AssertionError as error:
                if before == (now := self.progress()):
                    raise AssertionError(f"{error} {self.line()}; {violations()[:5]}") from None
                before = now

    def progress(self) -> tuple[int, int, int]:
        """Figures of which at least one changes while work goes on."""
        pending = sum(group.pending for name in log_streams() for group in streams.groups(name))
        return self.committed(), self.life(), pending

    def committed(self) -> int:
        """Flows that came to their end."""
        return Project.objects.filter(status=ProjectStatus.DONE).count()

    def duplicated(self) -> int:
        """Effects beyond the first: items accepted again, events with a second row."""
        accepted = Event.objects.filter(type="WORK.ITEM_REVIEWED", payload__outcome="accepted").count()
        rows = Event.objects.values("event_id").annotate(rows=Count("seq")).filter(rows__gt=1).count()
        return accepted - Item.objects.filter(state=ItemState.DONE).count() + rows

    def line(self) -> str:
        """The figures, in the order in which they are always given."""
        committed, broken = self.committed(), violations()
        figures = {
            "attempted": self.attempted,
            "committed": committed,
            "lost": self.attempted - committed,
            "duplicated": self.duplicated(),
            "unexpected": len(broken),
            "recovered": len(self.recoveries),
            "kills": self.kills,
            "stream entries an event": f"{entries_added() / max(Event.objects.count(), 1):.2f}",
            "longest recovery": f"{max(self.recoveries, default=0.0):.2f} s",
        }
        return " / ".join(f"{name} {figure}" for name, figure in figures.items())


def entries_added() -> int:
    """Entries ever put on the log, trimmed ones included; not the copies of dispatches at the door of partitions."""
    added = sum(added_to(name) for name in log_streams())
    return added - (sum(added_to(name) for name in work_streams()) if has_door() else 0)


def work_streams() -> list[str]:
    """The streams of all agents."""
    return [name for name in streams.own_streams() if not is_log(name)]


def added_to(stream: str) -> int:
    """Entries ever put on the stream."""
    return int(streams.client().xinfo_stream(stream)["entries-added"]) if streams.client().exists(stream) else 0
