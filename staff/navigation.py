"""The navigation: the links at the top of every page, as far as the person may follow them."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from accounts.memberships import shown_memberships
from accounts.people import signed_in_person
from clarifications.selectors import MOST_COUNTED, count_waiting_for


@dataclass(frozen=True)
class Link:
    """A link of the navigation; `badge` is the number of waiting questions as text, such as `7` or `99+`, or empty."""

    url: str
    words: str
    current: bool = False
    badge: str = ""


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: provide `navigation` and the person's `memberships`, computed only if the page shows them."""
    return {
        "navigation": SimpleLazyObject(lambda: links_for(request)),
        "memberships": SimpleLazyObject(lambda: shown_memberships(request)),
    }


def links_for(request: HttpRequest) -> list[Link]:
    """Return the links that this person may follow; none before signing in."""
    user = request.user
    if not user.is_authenticated:
        return []
    entries = [*requester_links(request), *(staff_links(request) if user.is_staff else [])]
    here = max((url for url, _words, _badge in entries if request.path.startswith(url)), key=len, default="")
    return [Link(url, words, current=url == here, badge=badge) for url, words, badge in entries]


def requester_links(request: HttpRequest) -> list[tuple[str, str, str]]:
    """Return (url, words, badge) of the portal's pages."""
    entries = [(reverse("portal:projects"), _("My requests"), "")]
    if request.user.has_perm("backlog.add_project"):
        entries.append((reverse("portal:new"), _("New request"), ""))
    return entries


def staff_links(request: HttpRequest) -> list[tuple[str, str, str]]:
    """Return (url, words, badge) of the overview and of the admin's lists that the person may view."""
    lists = {
        "clarifications.question": _("Inbox"),
        "backlog.project": _("Projects"),
        "backlog.item": _("Work items"),
        "events.deadletter": _("Dead letters"),
        "backlog.template": _("Templates"),
        "events.event": _("Events"),
        "webhooks.endpoint": _("Webhooks"),
        "events.producer": _("Producers"),
        "accounts.user": _("People"),
        "accounts.organisationrole": _("Roles"),
        "accounts.auditrecord": _("Audit"),
        "backlog.modelswitch": _("Models"),
        "intake.quarantinedfile": _("Quarantine"),
    }
    if settings.SIGN_IN.four_eyes:
        lists["accounts.askedact"] = _("Waiting for a second person")
    viewable = [(name, words) for name, words in lists.items() if may_view(request, name)]
    entries = [
        (reverse(f"admin:{name.replace('.', '_')}_changelist"), words, badge(request) if words == _("Inbox") else "")
        for name, words in viewable
    ]
    return [(reverse("admin:index"), _("Overview"), ""), *entries]


def may_view(request: HttpRequest, name: str) -> bool:
    """Return True if the person may view the model's list; the permission to change includes it."""
    app, _dot, model = name.partition(".")
    return any(request.user.has_perm(f"{app}.{verb}_{model}") for verb in ("view", "change"))


def badge(request: HttpRequest) -> str:
    """Return the number of questions that wait for the person as text; empty for none."""
    waiting = count_waiting_for(signed_in_person(request))
    return f"{MOST_COUNTED - 1}+" if waiting >= MOST_COUNTED else str(waiting or "")
