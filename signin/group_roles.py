"""The roles that follow from the groups of a person at the OpenID provider. This is the one place that says so."""

from collections.abc import Collection, Sequence

from django.contrib.auth.models import Group
from django.db import transaction

from accounts.models import User
from accounts.roles import ROLES, STAFF_ROLES

# A line of OIDC_ROLES for this group counts for everybody.
EVERYBODY = "*"
OF_STAFF = frozenset(STAFF_ROLES)


def roles_of_groups(groups: Collection[str], mapping: Sequence[tuple[str, str]]) -> set[str]:
    """Return the roles that the groups give, by the (group, role) pairs of OIDC_ROLES."""
    return {role for group, role in mapping if group == EVERYBODY or group in groups}


def set_roles(account: User, roles: Collection[str]) -> None:
    """Give the account exactly these of the built-in roles, and the staff's right if one of them has it.

    Other groups of the account, its own permissions, and the rank of a superuser stay.
    """
    with transaction.atomic():
        account.groups.remove(*Group.objects.filter(name__in=set(ROLES) - set(roles), user=account))
        account.groups.add(*Group.objects.filter(name__in=roles).exclude(user=account))
        is_staff = account.is_superuser or not OF_STAFF.isdisjoint(roles)
        if account.is_staff != is_staff:
            account.is_staff = is_staff
            account.save(update_fields=["is_staff"])
