"""One look at the database for all who wait: it costs the same for one waiting worker or reader as for hundreds."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from channels.db import database_sync_to_async

from backlog.flow.leases import free_counts
from events.horizon import final_now
from events.models import Event

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Nobody notices half a second, and two small queries twice a second are nothing to a database.
LOOK_EVERY_SECONDS = 0.5


@dataclass(frozen=True)
class Sight:
    """What a look found: free items an agent, projects with new events (None: unknown), the last event looked at."""

    free: dict[str, int]
    changed: set[UUID] | None
    final: int


@dataclass
class Lookout:
    """Looks while somebody waits, and tells those for whom there is something."""

    # In the order in which they came.
    workers: dict[asyncio.Event, str] = field(default_factory=dict)
    readers: dict[asyncio.Event, UUID] = field(default_factory=dict)
    seen: int | None = None
    looking: asyncio.Task[None] | None = None

    @contextmanager
    def for_work(self, agent: str) -> Iterator[asyncio.Event]:
        """What is set when there may be an item of the agent, while the block waits for one."""
        told = asyncio.Event()
        with self.listed(self.workers, told, agent):
            yield told

    @contextmanager
    def for_events(self, project: UUID) -> Iterator[asyncio.Event]:
        """What is set when there may be events of the project; it is at first, for what came before the block."""
        told = asyncio.Event()
        told.set()
        with self.listed(self.readers, told, project):
            yield told

    @contextmanager
    def listed(self, those: dict[asyncio.Event, T], told: asyncio.Event, what: T) -> Iterator[None]:
        """One more who waits for this, inside the block."""
        those[told] = what
        if self.looking is None:
            self.looking = asyncio.ensure_future(self.look_again_and_again())
        try:
            yield
        finally:
            del those[told]

    async def look_again_and_again(self) -> None:
        """Look until nobody waits; a look that fails is made again."""
        while self.workers or self.readers:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            agents, projects = set(self.workers.values()), set(self.readers.values())
            try:
                self.tell(await database_sync_to_async(look)(agents, projects, self.seen))
            except Exception:
                logger.exception("Who waits for work or events was not told: it is tried again")
        self.looking = self.seen = None

    def tell(self, sight: Sight) -> None:
        """Wake as many workers as there are items, who came first before others, and readers of what changed."""
        free = Counter(sight.free)
        for told, agent in self.workers.items():
            if free[agent] > 0:
                free[agent] -= 1
                told.set()
        for told, project in self.readers.items():
            if sight.changed is None or project in sight.changed:
                told.set()
        self.seen = sight.final if self.readers else None


def look(agents: set[str], projects: set[UUID], seen: int | None) -> Sight:
    """Look once: for free items of these agents, and for events of these projects since `seen`."""
    free = free_counts(agents) if agents else {}
    if not projects:
        return Sight(free, set(), 0)
    final = final_now()
    if seen is None:
        return Sight(free, None, final)
    new = Event.objects.filter(seq__gt=seen, seq__lte=final, project_id__in=projects)
    changed = new.values_list("project_id", flat=True).distinct() if final > seen else ()
    return Sight(free, {project for project in changed if project}, final)
