"""The board of a project: its items by state, each with the acts that are possible now and permitted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from backlog.admin.project_page import standing
from backlog.models import Item, Project
from backlog.services import cancel_item, dispatch_item, retry_item, waive_criteria
from backlog.states import CANCELLABLE, OVER, PROJECT_EDGES, ItemState

# Columns that are left out while nothing is in them.
RARE = (ItemState.FAILED, ItemState.CANCELLED)


@dataclass(frozen=True)
class Act:
    """What a person may have done to an item; `reasoned` acts ask for a reason first."""

    name: str
    words: Any
    service: Callable[..., Item]
    possible: Callable[[Item], bool]
    reasoned: bool = False
    dangerous: bool = False


def can_dispatch(item: Item) -> bool:
    """Ready, and nothing it depends on is missing."""
    return item.state == ItemState.READY and item.waiting_on == 0 and item.project.status not in OVER


def can_waive(item: Item) -> bool:
    """Its work is there, but was not accepted."""
    return item.evidence is not None and item.state in (ItemState.FAILED, ItemState.READY)


ACTS = (
    Act("dispatch", _("Dispatch"), dispatch_item, can_dispatch),
    Act("retry", _("Try again"), retry_item, lambda item: item.state == ItemState.FAILED),
    Act("waive", _("Waive the criteria"), waive_criteria, can_waive, reasoned=True),
    Act("cancel", _("Cancel"), cancel_item, lambda item: item.state in CANCELLABLE, reasoned=True, dangerous=True),
)


@dataclass(frozen=True)
class Card:
    """An item on the board."""

    item: Item
    standing: str
    acts: list[Act]


@dataclass(frozen=True)
class Column:
    """The items in one state."""

    state: str
    words: str
    cards: list[Card]


def act_named(name: str) -> Act | None:
    """The act with this name."""
    return next((act for act in ACTS if act.name == name), None)


def acts_on(item: Item, user: User) -> list[Act]:
    """What the person may have done to the item now."""
    if not user.has_perm("backlog.change_item"):
        return []
    return [act for act in ACTS if act.possible(item)]


def may_cancel(project: Project, user: User) -> bool:
    """Whether the person may cancel the whole project now."""
    return "CANCELLED" in PROJECT_EDGES[project.status] and user.has_perm("backlog.change_project")


def board(items: list[Item], user: User) -> list[Column]:
    """Every state with its items, in the order of the lifecycle."""
    cards = [Card(item, standing(item), acts_on(item, user)) for item in items]
    columns = [
        Column(str(state), str(state.label), [card for card in cards if card.item.state == state])
        for state in ItemState
    ]
    return [column for column in columns if column.cards or column.state not in RARE]
