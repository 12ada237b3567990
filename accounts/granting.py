"""Gives and takes roles and groups: the one place that does, so that the rule of rank holds at every door.

Nobody acts on an account above their own, gives a role above their own, or changes their own role. `by` is the acting
account; None is the operator of the machine, who runs commands and writes OIDC_ROLES. The right to enter the admin
follows from the roles.
"""

from collections.abc import Collection

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.rank import (
    AccountHasMoreRights,
    groups_within_rights_of,
    require_may_manage,
    require_not_oneself,
)
from accounts.roles import ROLES, STAFF_ROLES


def set_roles(account: User, roles: Collection[str], *, by: User | None) -> None:
    """Give the account exactly these of the built-in roles. Raises AccountRefused.

    Other groups of the account, its own permissions, and the rank of a superuser stay.
    """
    change_groups(account, given=roles, taken=set(ROLES) - set(roles), by=by)


def set_other_groups(account: User, names: Collection[str], *, by: User | None) -> None:
    """Put the account into exactly these of the groups that are no roles and that `by` may give. Raises AccountRefused.

    A group that gives more rights than `by` has stays as it is.
    """
    others = (Group.objects.all() if by is None else groups_within_rights_of(by)).exclude(name__in=ROLES)
    change_groups(account, given=names, taken=set(others.values_list("name", flat=True)) - set(names), by=by)


def change_groups(account: User, *, given: Collection[str], taken: Collection[str], by: User | None) -> None:
    """Give the account these roles and groups, take those, and bring the staff's right in step. Raises AccountRefused.

    What the account has, or has not, already is left alone: without a change nothing is checked.
    """
    with transaction.atomic():
        more = list(Group.objects.filter(name__in=given).exclude(user=account))
        less = list(Group.objects.filter(name__in=taken, user=account))
        if more or less:
            require_may_manage(by, account)
            require_may_give(by, more)
        if any(group.name in ROLES for group in [*more, *less]):
            require_not_oneself(by, account)
        account.groups.remove(*less)
        account.groups.add(*more)
        update_staff_right(account)


def require_may_give(by: User | None, groups: Collection[Group]) -> None:
    """Raise AccountHasMoreRights if one of the groups gives a right that `by` lacks."""
    if by is None or not groups:
        return
    permitted = set(groups_within_rights_of(by).values_list("pk", flat=True))
    for group in groups:
        if group.pk not in permitted:
            words = _("“%(group)s” gives rights that you do not have: ask a superuser to do this.")
            raise AccountHasMoreRights(words % {"group": group.name})


def update_staff_right(account: User) -> None:
    """Let the account enter the admin if it is a superuser, or a person with a staff role; otherwise not."""
    has_staff_role = not account.is_service and account.groups.filter(name__in=STAFF_ROLES).exists()
    is_staff = account.is_superuser or has_staff_role
    if account.is_staff != is_staff:
        account.is_staff = is_staff
        account.save(update_fields=["is_staff"])


def role_of(account: User) -> str:
    """Return the account's role with the most rights, "" for none. No query where its groups are prefetched."""
    held = {group.name for group in account.groups.all()}
    return next((role for role in reversed(ROLES) if role in held), "")
