"""Who may decide about whose work: asked by every door, so that no side door is wider than the front door."""

import unicodedata
from collections.abc import Mapping

from django.utils.translation import gettext as _

from accounts.models import User
from backlog.errors import ApprovalOpen, ForbiddenContext, OwnWork, PersonNeeded
from backlog.models import Item
from schemas import strict_json

# Parts of a work context that Interlock alone adds: what other items delivered, what people said, what is stored.
OURS = ("deliverables", "deliverables_ref", "notes", "approved", "rows_ref")


def require_own_figures(context: Mapping[str, object]) -> None:
    """Raise ForbiddenContext where a request brings what Interlock adds itself, or more than an event can carry."""
    if found := [key for key in OURS if key in context]:
        words = _("A request may not hold `%(key)s` in its work context: Interlock adds it itself. Leave it out.")
        raise ForbiddenContext(words % {"key": found[0]})
    try:
        strict_json.require_room(context)
    except strict_json.InvalidJson as error:
        words = _("The work context is too large: %(why)s. Send a table of rows as a file.")
        raise ForbiddenContext(words % {"why": error}) from error


def folded(name: str) -> str:
    """Return the name as it is compared: without case, blanks around it, and other spellings of the same letters."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def is_own(item: Item, by: str) -> bool:
    """Return True if this account asked for the item's project, or did the item's work, whatever it is called now."""
    people = [user.get_username() for user in (item.project.owner, item.done_by) if user is not None]
    names = [item.project.requester, item.agent_target, *people]
    return bool(by) and folded(by) in {folded(name) for name in names if name}


def require_other(item: Item, by: str) -> None:
    """Raise OwnWork unless somebody else asked for the project and did the work."""
    if is_own(item, by):
        raise OwnWork(_("%(by)s asked for this or did it: somebody else has to decide.") % {"by": by})


def require_person(by: str) -> None:
    """Raise PersonNeeded when the name is a machine's."""
    if User.objects.filter(username=by, is_service=True).exists():
        raise PersonNeeded(_("%(by)s is a machine's account: a person has to decide this.") % {"by": by})


def require_waivable(item: Item, by: str) -> None:
    """Raise unless this account may set the item's definition of done aside: approving is a question of its own."""
    if item.held_for == Item.Held.APPROVAL:
        words = _("“%(item)s” waits for its approval: approve it or send it back, there is nothing to waive.")
        raise ApprovalOpen(words % {"item": item.title})
    require_person(by)
    require_other(item, by)
