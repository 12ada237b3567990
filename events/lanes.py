"""Keeps a project in one lane at a time: two transactions that change the same project would wait for each other.

A lane is one of the threads of a process that read the same stream for the same group, each a consumer with a name of
its own. What a lane reads about a project that another one has in hand goes to that other lane, which takes it next.
"""

import threading
from collections import defaultdict
from collections.abc import Sequence

from events.streams import Entry

# Most entries that are left to a lane: a project of which more comes than its lane can take is no reason to hold all of
# it in memory. What is beyond stays with the lane that reads it, and waits for the project's lock.
MOST_LEFT = 200


class Lanes:
    """What each lane of a process has in hand, by the names of their consumers; safe to use from all of them.

    An entry stays pending under the name of the lane that read it, whichever lane handles it. It is told by its field
    `project` what it is about; one without that field stays with the lane that read it.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lane_of: dict[bytes, str] = {}
        self.in_hand: dict[str, list[Entry]] = defaultdict(list)
        self.left: dict[str, list[Entry]] = defaultdict(list)

    def begin(self, lane: str, found: Sequence[Entry]) -> list[Entry]:
        """Return what the lane is to handle now, in order: what others left to it, then what it may keep of `found`.

        The rest is left to the lanes that have those projects in hand, up to MOST_LEFT each. Call `end` when all is
        handled.
        """
        with self.lock:
            mine = self.left.pop(lane, [])
            for entry in found:
                project = entry.fields.get(b"project")
                keeper = self.lane_of.setdefault(project, lane) if project else lane
                has_room = keeper != lane and len(self.left[keeper]) < MOST_LEFT
                (self.left[keeper] if has_room else mine).append(entry)
            self.in_hand[lane] += mine
            return mine

    def end(self, lane: str) -> None:
        """Release what the lane had in hand; projects of which more was left to it meanwhile stay with it."""
        with self.lock:
            self.in_hand.pop(lane, None)
            more = {entry.fields[b"project"] for entry in self.left.get(lane, ())}
            self.lane_of = {
                project: keeper for project, keeper in self.lane_of.items() if keeper != lane or project in more
            }

    def has_more(self, lane: str) -> bool:
        """Return True if other lanes have left something to this one."""
        return bool(self.left.get(lane))

    def with_others(self, lane: str) -> set[str]:
        """Return the ids of the entries that other lanes have in hand, or will take next."""
        with self.lock:
            return {
                entry.entry_id
                for held in (self.in_hand, self.left)
                for keeper, entries in held.items()
                if keeper != lane
                for entry in entries
            }
