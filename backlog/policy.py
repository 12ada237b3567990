"""The rules about who may decide what. Pages, REST, commands and events all ask here, so that they agree."""

import unicodedata
from collections.abc import Mapping

from django.utils.translation import gettext as _

from accounts.models import User
from backlog.errors import ApprovalOpen, ForbiddenContext, OwnWork, PersonNeeded
from backlog.models import Item
from schemas import strict_json
from schemas.currencies import is_currency

# Keys of a work context that only Interlock sets: deliverables of other items, reviewers' notes, an agent's clearance,
# references to parts that are stored outside the event, the readings of a file in doubt with what was chosen, what the
# dates of the rows say, and what language models may cost.
RESERVED_KEYS = (
    *("deliverables", "deliverables_ref", "notes", "approved", "rows_ref"),
    *("readings", "reading", "dates_of_rows", "model_budget_usd"),
)
# The most levels that an answer's place may have in the work context.
DEEPEST_PLACE = 5


def require_own_figures(context: Mapping[str, object]) -> None:
    """Raise ForbiddenContext if a request's work context may not come in.

    It may not have a reserved key, a currency that is none, or more than an event can carry.
    """
    if reserved := [key for key in RESERVED_KEYS if key in context]:
        words = _("A request may not hold `%(key)s` in its work context: Interlock adds it itself. Leave it out.")
        raise ForbiddenContext(words % {"key": reserved[0]})
    if (currency := context.get("currency")) is not None:
        require_currency(currency)
    try:
        strict_json.require_room(context)
    except strict_json.InvalidJson as error:
        words = _("The work context is too large: %(why)s. Send a table of rows as a file.")
        raise ForbiddenContext(words % {"why": error}) from error


def fault_of_place(pointer: str) -> str:
    """Return in words why no answer may go to this JSON Pointer of a work context; empty if one may."""
    place = pointer.split("/")[1:]
    if len(place) > DEEPEST_PLACE:
        return f"an answer goes at most {DEEPEST_PLACE} levels deep"
    if place[0] in RESERVED_KEYS:
        return f"{place[0]} is set by Interlock itself, so no person can be asked for it"
    return ""


def require_currency(value: object) -> None:
    """Raise ForbiddenContext unless the value is the code of a currency."""
    if not is_currency(value):
        words = _("“%(value)s” is no currency of ISO 4217: give its code of three capital letters, such as EUR.")
        raise ForbiddenContext(words % {"value": str(value)[:40]})


def normalized_name(name: str) -> str:
    """Return the name as it is compared: NFKC-normalized, without surrounding blanks, case-folded."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def is_own(item: Item, by: str) -> bool:
    """Return True if the account `by` requested the item's project or did the item's work.

    Compares names as they were recorded and as the accounts are called now, since an account can be renamed.
    """
    people = [user.get_username() for user in (item.project.owner, item.done_by) if user is not None]
    names = [item.project.requester, item.agent_target, *people]
    return bool(by) and normalized_name(by) in {normalized_name(name) for name in names if name}


def require_other(item: Item, by: str) -> None:
    """Raise OwnWork if the account `by` requested the item's project or did the item's work."""
    if is_own(item, by):
        raise OwnWork(_("%(by)s requested or did this work: another person has to decide.") % {"by": by})


def require_person(by: str) -> None:
    """Raise PersonNeeded if `by` is the name of a service account."""
    if User.objects.filter(username=by, is_service=True).exists():
        raise PersonNeeded(_("%(by)s is a machine's account: a person has to decide this.") % {"by": by})


def require_waivable(item: Item, by: str) -> None:
    """Raise ApprovalOpen, PersonNeeded or OwnWork unless `by` may waive the item's definition of done."""
    if item.held_for == Item.Held.APPROVAL:
        words = _("“%(item)s” waits for an approval: approve it or send it back. A waiver is not possible now.")
        raise ApprovalOpen(words % {"item": item.title})
    require_person(by)
    require_other(item, by)
