"""The rights that a role may have, in the words of the matrix, by the kind of thing that they are about.

Rights that concern the whole installation, such as keeping producers, are missing on purpose: no role of an
organisation has them. A test holds that every other right of the built-in roles has its line here.
"""

from collections.abc import Collection
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.roles import REQUEST_PERMISSIONS, STAFF_ROLES

# (the kind of thing, {right: what it lets somebody do}), in the order of the page.
KINDS: tuple[tuple[Any, dict[str, Any]], ...] = (
    (
        _("Requests"),
        {
            "backlog.add_project": _("Send requests; follow and end one’s own"),
            "backlog.view_project": _("See everybody’s requests and projects"),
            "backlog.change_project": _("Cancel everybody’s projects"),
        },
    ),
    (
        _("Work"),
        {
            "backlog.view_item": _("See work items"),
            "backlog.change_item": _("Steer work items: dispatch, retry, cancel, waive"),
            "backlog.view_deliverable": _("See what was delivered"),
            "accounts.view_askedact": _("See what waits for a second person"),
        },
    ),
    (
        _("Questions and approvals"),
        {
            "clarifications.view_question": _("See questions"),
            "clarifications.change_question": _("Answer, assign and decline questions; approve"),
        },
    ),
    (
        _("Templates and models"),
        {
            "backlog.view_template": _("See templates"),
            "backlog.change_template": _("Change templates"),
            "backlog.view_modelswitch": _("See the switch and the budgets of language models"),
            "backlog.change_modelswitch": _("Change the switch and the budgets of language models"),
        },
    ),
    (
        _("Events"),
        {
            "events.view_event": _("See events"),
            "events.view_deadletter": _("See dead letters"),
            "events.change_deadletter": _("Repair, replay and discard dead letters"),
            "intake.view_quarantinedfile": _("See files in quarantine"),
        },
    ),
    (
        _("People and roles"),
        {
            "accounts.view_user": _("See people"),
            "accounts.add_user": _("Add people"),
            "accounts.change_user": _("Change, let in, deactivate and erase people"),
            "auth.view_group": _("See groups and the built-in roles"),
            "accounts.change_organisationrole": _("Define roles of the organisation"),
            "accounts.view_auditrecord": _("Read the audit log"),
        },
    ),
    (
        _("Keys and webhooks"),
        {
            "accounts.view_apikey": _("See everybody’s keys"),
            "accounts.add_apikey": _("Make keys for machines"),
            "accounts.change_apikey": _("Rotate and revoke everybody’s keys"),
            "webhooks.view_endpoint": _("See everybody’s webhooks"),
            "webhooks.add_endpoint": _("Add webhooks"),
            "webhooks.change_endpoint": _("Change everybody’s webhooks"),
            "webhooks.view_delivery": _("See what webhooks delivered"),
        },
    ),
)
OFFERED: dict[str, Any] = {right: words for _kind, rights in KINDS for right, words in rights.items()}


def permissions_named(rights: Collection[str]) -> QuerySet[Permission]:
    """Return the permissions of these names, which are as `has_perm` expects them; none for none."""
    pairs = [right.split(".") for right in rights]
    named = [Q(content_type__app_label=app, codename=code) for app, code in pairs]
    return Permission.objects.filter(reduce(or_, named)) if named else Permission.objects.none()


def staff_groups() -> QuerySet[Group]:
    """Return the roles whose members may enter the admin, some of them several times.

    They are those of STAFF_ROLES, and each role of an organisation that permits more than a requester may do.
    """
    more = Permission.objects.exclude(pk__in=permissions_named(REQUEST_PERMISSIONS).values("pk"))
    return Group.objects.filter(Q(name__in=STAFF_ROLES) | Q(own_role__isnull=False, permissions__in=more))
