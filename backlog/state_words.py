"""The state of an item in words, as pages and mails say it."""

from django.utils.translation import ngettext

from backlog.models import Item
from backlog.states import ItemState


def state_in_words(item: Item) -> str:
    """Return the item's state in words, with what it is held for or waits for."""
    if item.held_for:
        return item.get_held_for_display()
    if item.state == ItemState.READY and item.waiting_on:
        waiting_on = {"n": item.waiting_on}
        return (
            ngettext("Ready, once %(n)s other item is done", "Ready, once %(n)s other items are done", item.waiting_on)
            % waiting_on
        )
    return item.get_state_display()
