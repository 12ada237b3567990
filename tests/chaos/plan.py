"""The plan of a run: which fault happens when, to what, and for how long. The same seed always draws the same plan."""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass

# Named steps at which a process can be made to kill itself: `fault_point` in the product's code.
POINTS = (
    *("consume.after_read", "consume.after_claim", "unit.before_commit", "unit.after_commit"),
    *("publish.after_xadd", "publish.done", "consume.before_ack", "consume.after_ack"),
    *("relay.after_xadd", "relay.after_delete", "work.after_effect", "work.after_reply"),
)
ROLES = ("orchestrator", "clarifications", "validators", "relay", "workers-1", "workers-2", "web")


@dataclass(frozen=True)
class Kind:
    """A kind of fault: what it takes away (one fault at a time does), its seconds, how often it is drawn."""

    resource: str
    shortest: float
    longest: float
    weight: int = 1
    targets: tuple[str, ...] = ("",)


# Seconds of a freeze: beyond every limit of the settings that the processes of a run have.
KINDS = {
    "kill": Kind("processes", 0, 0, 5, ROLES),
    "kill at point": Kind("processes", 3, 3, 6, POINTS),
    "kill everything": Kind("processes", 0, 0, 1),
    "freeze": Kind("processes", 4, 12, 3, ROLES),
    "end": Kind("processes", 0, 0, 2, ROLES),
    "broker restarted": Kind("broker", 0.5, 2, 2),
    "broker wiped": Kind("broker", 0.2, 2, 1),
    "broker older": Kind("broker", 2, 6, 1),
    "broker full": Kind("broker", 2, 5, 1),
    "broker MISCONF": Kind("broker", 2, 5, 1),
    "broker disk full": Kind("broker", 2, 5, 1),
    "broker frozen": Kind("broker", 3, 8, 1),
    "database restarted": Kind("database", 0.5, 2, 2),
    "connections cut": Kind("database", 0, 0, 2),
    "database disk full": Kind("database", 2, 5, 1),
    "tables locked": Kind("database", 0.5, 2.5, 2),
    "clock forward": Kind("clock", 0, 0, 1),
    "clock back": Kind("clock", 0, 0, 1),
    "duplicates": Kind("messages", 0, 0, 2),
    "reordered": Kind("messages", 0, 0, 2),
    "poison": Kind("messages", 0, 0, 2),
}
# What others put on the streams before one of these may be gone: it is theirs to put again.
LOSING = frozenset({"broker wiped", "broker older"})
# Kinds after which a second run of the same item, at the same time, is no fault of ours: its worker could not renew its
# hold, or the broker has forgotten the hold, or the item's time was over.
EXCUSING = frozenset({"freeze", *(name for name, kind in KINDS.items() if kind.resource in ("broker", "clock"))})
# Kinds with which no event is published twice and no dispatch is repeated.
REPEATING_NOTHING = frozenset({"tables locked", "poison"})
SHORTEST_GAP, LONGEST_GAP = 2.0, 6.0


@dataclass(frozen=True)
class Fault:
    """One fault: seconds from the start of the run, kind, target (a role or a point), seconds that it lasts."""

    at: float
    kind: str
    target: str
    seconds: float

    def line(self) -> str:
        """Return the fault in one line."""
        return f"{self.at:7.1f} s  {self.kind}{f' {self.target}' if self.target else ''}  for {self.seconds:.1f} s"


def draw_plan(seed: int, seconds: float, kinds: Collection[str] = tuple(KINDS)) -> list[Fault]:
    """Return the faults of a run in the order of their times; none lasts beyond `seconds`."""
    chance, at, plan = random.Random(seed), 0.0, list[Fault]()
    free_at = dict.fromkeys((kind.resource for kind in KINDS.values()), 0.0)
    while kinds:
        at += chance.uniform(SHORTEST_GAP, LONGEST_GAP)
        fault = draw_fault(chance, at, [name for name in KINDS if name in kinds], free_at)
        if fault is None:
            continue
        if at + fault.seconds > seconds:
            break
        free_at[KINDS[fault.kind].resource] = at + fault.seconds + 1.0
        plan.append(fault)
    return plan


def draw_fault(chance: random.Random, at: float, kinds: Sequence[str], free_at: dict[str, float]) -> Fault | None:
    """Return a fault of a kind whose resource is free at this time; None if none is."""
    possible = [name for name in kinds if free_at[KINDS[name].resource] <= at]
    if not possible:
        return None
    name = chance.choices(possible, [KINDS[name].weight for name in possible])[0]
    kind = KINDS[name]
    seconds = round(chance.uniform(kind.shortest, kind.longest), 1)
    return Fault(round(at, 1), name, chance.choice(kind.targets), seconds)
