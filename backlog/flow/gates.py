"""Where other apps may have a word: gates hold items back, followers hear what was cancelled."""

from collections.abc import Callable, Sequence
from typing import Literal

from backlog.models import Item
from backlog.work import ProjectWork

When = Literal["at_intake", "before_dispatch", "before_done"]
# A gate blocks the items that lack something, by `services.block_item`, and leaves the others alone.
Gate = Callable[[ProjectWork, Sequence[Item], When], None]
Follower = Callable[[ProjectWork, Sequence[Item]], None]

_gates: list[Gate] = []
_followers: list[Follower] = []


def register_gate(gate: Gate) -> None:
    """Ask this gate about every item: at intake, before it is dispatched, and before held work is done."""
    if gate not in _gates:
        _gates.append(gate)


def pass_gates(work: ProjectWork, items: Sequence[Item], when: When) -> None:
    """Let every gate look at the items."""
    for gate in _gates:
        if items:
            gate(work, items, when)


def register_follower(follower: Follower) -> None:
    """Tell this follower about items that were cancelled."""
    if follower not in _followers:
        _followers.append(follower)


def tell_followers(work: ProjectWork, cancelled: Sequence[Item]) -> None:
    """Let every follower know what nobody wants any more."""
    for follower in _followers:
        if cancelled:
            follower(work, cancelled)
