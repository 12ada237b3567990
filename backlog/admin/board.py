"""The board on a project's page: its items by state, each with the actions that the user may take now."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from backlog.models import Item, Project
from backlog.services import cancel_item, dispatch_item, retry_item, waive_criteria
from backlog.state_words import state_in_words
from backlog.states import CANCELLABLE_STATES, OVER_STATUSES, PROJECT_EDGES, ItemState

# States whose columns are left out while they have no items.
RARE = (ItemState.FAILED, ItemState.CANCELLED)


@dataclass(frozen=True)
class BoardAction:
    """An action of staff on an item: a button that calls a service, after asking for a reason if `needs_reason`."""

    name: str
    words: Any
    service: Callable[..., Item]
    is_possible: Callable[[Item], bool]
    needs_reason: bool = False
    dangerous: bool = False


def can_dispatch(item: Item) -> bool:
    """Return True if the item is READY, all its dependencies are done, and its project is not over."""
    return item.state == ItemState.READY and item.waiting_on == 0 and item.project.status not in OVER_STATUSES


def can_waive(item: Item) -> bool:
    """Return True if a worker finished the item but the work was not accepted."""
    return item.evidence is not None and item.state in (ItemState.FAILED, ItemState.READY)


ACTS = (
    BoardAction("dispatch", _("Dispatch"), dispatch_item, can_dispatch),
    BoardAction("retry", _("Try again"), retry_item, lambda item: item.state == ItemState.FAILED),
    BoardAction("waive", _("Waive the criteria"), waive_criteria, can_waive, needs_reason=True),
    BoardAction(
        "cancel",
        _("Cancel"),
        cancel_item,
        lambda item: item.state in CANCELLABLE_STATES,
        needs_reason=True,
        dangerous=True,
    ),
)


@dataclass(frozen=True)
class Card:
    """An item on the board, with its state in words and its possible actions."""

    item: Item
    standing: str
    acts: list[BoardAction]


@dataclass(frozen=True)
class Column:
    """One state on the board, with the cards of its items."""

    state: str
    words: str
    cards: list[Card]


def action_named(name: str) -> BoardAction | None:
    """Return the action with this name, or None."""
    return next((act for act in ACTS if act.name == name), None)


def acts_on(item: Item, user: User) -> list[BoardAction]:
    """Return the actions that are possible on the item now; none without the permission to change items."""
    if not user.has_perm("backlog.change_item"):
        return []
    return [act for act in ACTS if act.is_possible(item)]


def may_cancel(project: Project, user: User) -> bool:
    """Return True if the project can be cancelled now and the user has the permission to."""
    return "CANCELLED" in PROJECT_EDGES[project.status] and user.has_perm("backlog.change_project")


def board(items: list[Item], user: User) -> list[Column]:
    """Return the columns of the board in the order of the item's lifecycle."""
    cards = [Card(item, state_in_words(item), acts_on(item, user)) for item in items]
    columns = [
        Column(str(state), str(state.label), [card for card in cards if card.item.state == state])
        for state in ItemState
    ]
    return [column for column in columns if column.cards or column.state not in RARE]
