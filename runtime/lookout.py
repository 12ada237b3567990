"""One look at the database for all who wait: hundreds of waiting workers and readers cost the same as one."""

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
from events.horizon import final_seq
from events.models import Event

logger = logging.getLogger(__name__)

T = TypeVar("T")

# People do not notice half a second, and two small queries twice a second cost a database nothing.
LOOK_EVERY_SECONDS = 0.5


@dataclass(frozen=True)
class Sight:
    """What one look found: free items by agent and organisation, projects with new events, the last number seen.

    `changed` is None where it is not known.
    """

    free: dict[tuple[str, int], int]
    changed: set[UUID] | None
    final: int


@dataclass
class Lookout:
    """Looks at the database while somebody waits, and wakes those workers and readers for whom there is something."""

    # In the order in which they came.
    workers: dict[asyncio.Event, tuple[str, int | None]] = field(default_factory=dict)
    readers: dict[asyncio.Event, UUID] = field(default_factory=dict)
    seen: int | None = None
    looking: asyncio.Task[None] | None = None

    @contextmanager
    def for_work(self, agent: str, organisation: int | None) -> Iterator[asyncio.Event]:
        """Yield an asyncio event that is set whenever there may be an item of the organisation for the agent.

        None stands for every organisation.
        """
        wake = asyncio.Event()
        with self.registered(self.workers, wake, (agent, organisation)):
            yield wake

    @contextmanager
    def for_events(self, project: UUID) -> Iterator[asyncio.Event]:
        """Yield an asyncio event that is set whenever the project may have new events; it is set at first."""
        wake = asyncio.Event()
        wake.set()
        with self.registered(self.readers, wake, project):
            yield wake

    @contextmanager
    def registered(self, waiting: dict[asyncio.Event, T], wake: asyncio.Event, key: T) -> Iterator[None]:
        """Register the asyncio event in the list of those who wait, inside the block."""
        waiting[wake] = key
        if self.looking is None:
            self.looking = asyncio.ensure_future(self.look_until_nobody_waits())
        try:
            yield
        finally:
            del waiting[wake]

    async def look_until_nobody_waits(self) -> None:
        """Look every LOOK_EVERY_SECONDS until nobody waits; a look that fails is logged and made again."""
        while self.workers or self.readers:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            agents, projects = {agent for agent, _ in self.workers.values()}, set(self.readers.values())
            try:
                self.wake_waiting(await database_sync_to_async(find_news)(agents, projects, self.seen))
            except Exception:
                logger.exception("Waiting workers and readers could not be notified; this is tried again")
        self.looking = self.seen = None

    def wake_waiting(self, sight: Sight) -> None:
        """Wake one worker for each free item, those that came first before others, and readers of changed projects."""
        free = Counter(sight.free)
        for wake, (agent, organisation) in self.workers.items():
            kinds = [kind for kind, number in free.items() if number and kind[0] == agent]
            if kind := next((kind for kind in kinds if organisation in (None, kind[1])), None):
                free[kind] -= 1
                wake.set()
        for wake, project in self.readers.items():
            if sight.changed is None or project in sight.changed:
                wake.set()
        self.seen = sight.final if self.readers else None


def find_news(agents: set[str], projects: set[UUID], seen: int | None) -> Sight:
    """Return the agents' free items, and those projects that have events after number `seen`."""
    free = free_counts(agents) if agents else {}
    if not projects:
        return Sight(free, set(), 0)
    final = final_seq()
    if seen is None:
        return Sight(free, None, final)
    new = Event.objects.filter(seq__gt=seen, seq__lte=final, project_id__in=projects)
    changed = new.values_list("project_id", flat=True).distinct() if final > seen else ()
    return Sight(free, {project for project in changed if project}, final)
