"""A waiver of which two people decide: asked for by one of them, carried out when another one confirms it."""

from uuid import UUID

from accounts.models import AskedAct, User
from accounts.second_person import deciding
from backlog import policy
from backlog.flow.orchestration import project_work
from backlog.models import Item
from backlog.selectors import item_in
from backlog.services import waive_criteria


def waive_confirmed(asked: AskedAct, *, by: User) -> Item:
    """Confirm the waiver that was asked for and carry it out, in one transaction; return the item.

    The item is checked as it is now, for both people. Raises SecondPersonRefused or what `waive_criteria` raises.
    """
    with project_work() as work:
        item = item_in(work, UUID(asked.subject))
        deciding.confirm(asked, by=by)
        policy.require_waivable(item, by.get_username())
        first = asked.asker.get_username() if asked.asker else asked.asked_by
        return waive_criteria(work, item, reason=asked.reason, by=first, is_confirmed=True)
