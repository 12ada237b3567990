"""The way around: the links of every page's head, as the person may follow them."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from accounts.people import person
from clarifications.selectors import MOST_COUNTED, waiting_for


@dataclass(frozen=True)
class Link:
    """A link of the navigation; `badge` is how many things wait there, in words of at most four signs."""

    url: str
    words: str
    current: bool = False
    badge: str = ""


def navigation(request: HttpRequest) -> dict[str, Any]:
    """A context processor: `navigation`, looked up only by pages that show it."""
    return {"navigation": SimpleLazyObject(lambda: links(request))}


def links(request: HttpRequest) -> list[Link]:
    """The links this person may follow."""
    user = request.user
    if not user.is_authenticated:
        return []
    named = [*requester_links(request), *(staff_links(request) if user.is_staff else [])]
    here = max((url for url, _words, _badge in named if request.path.startswith(url)), key=len, default="")
    return [Link(url, words, current=url == here, badge=badge) for url, words, badge in named]


def requester_links(request: HttpRequest) -> list[tuple[str, str, str]]:
    """(url, words, badge) of the requester's pages."""
    found = [(reverse("portal:projects"), _("My requests"), "")]
    if request.user.has_perm("backlog.add_project"):
        found.append((reverse("portal:new"), _("New request"), ""))
    return found


def staff_links(request: HttpRequest) -> list[tuple[str, str, str]]:
    """(url, words, badge) of the admin's rooms."""
    rooms = {
        "clarifications.question": _("Inbox"),
        "backlog.project": _("Projects"),
        "backlog.item": _("Work items"),
        "events.deadletter": _("Dead letters"),
        "backlog.template": _("Templates"),
        "events.event": _("Events"),
        "webhooks.endpoint": _("Webhooks"),
        "accounts.auditrecord": _("Audit"),
    }
    may_see = [(name, words) for name, words in rooms.items() if may_view(request, name)]
    found = [
        (reverse(f"admin:{name.replace('.', '_')}_changelist"), words, badge(request) if words == _("Inbox") else "")
        for name, words in may_see
    ]
    return [(reverse("admin:index"), _("Overview"), ""), *found]


def may_view(request: HttpRequest, name: str) -> bool:
    """Whether the person may see the model's list; to change implies to view."""
    app, _dot, model = name.partition(".")
    return any(request.user.has_perm(f"{app}.{verb}_{model}") for verb in ("view", "change"))


def badge(request: HttpRequest) -> str:
    """How many questions wait for the person; nothing for none."""
    waiting = waiting_for(person(request))
    return f"{MOST_COUNTED - 1}+" if waiting >= MOST_COUNTED else str(waiting or "")
