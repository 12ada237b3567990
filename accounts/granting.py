"""Gives and takes roles and groups: the one place that does, so that the rule of rank holds at every door.

Nobody acts on an account above their own, gives a role above their own, or changes their own role. `by` is the acting
account; None is the operator of the machine, who runs commands and writes OIDC_ROLES. The right to enter the admin
follows from the roles.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import OrganisationRole, User
from accounts.organisation_roles import is_open_to, is_role, title_of
from accounts.rank import (
    AccountHasMoreRights,
    groups_within_rights_of,
    require_may_manage,
    require_not_oneself,
)
from accounts.rights import staff_groups
from accounts.roles import ROLES

# The accounts that each group is given to, or taken from.
Moves = Mapping[Group, Sequence[User]]


def set_roles(account: User, roles: Collection[str], *, by: User | None) -> None:
    """Give the account exactly these roles, built-in ones or those of its organisation. Raises AccountRefused.

    Other groups of the account, its own permissions, and the rank of a superuser stay.
    """
    change_groups(account, given=roles, taken=roles_held(account) - set(roles), by=by)


def roles_held(account: User) -> set[str]:
    """Return the names of the account's roles, also of one that another organisation has defined. One query."""
    held = Group.objects.filter(Q(name__in=ROLES) | Q(own_role__isnull=False), user=account)
    return set(held.values_list("name", flat=True))


def set_other_groups(account: User, names: Collection[str], *, by: User | None) -> None:
    """Put the account into exactly these of the groups that are no roles and that `by` may give. Raises AccountRefused.

    A group that gives more rights than `by` has stays as it is.
    """
    others = (Group.objects.all() if by is None else groups_within_rights_of(by)).filter(own_role=None)
    others = others.exclude(name__in=ROLES)
    change_groups(account, given=names, taken=set(others.values_list("name", flat=True)) - set(names), by=by)


def change_groups(account: User, *, given: Collection[str], taken: Collection[str], by: User | None) -> None:
    """Give the account these roles and groups, take those, and bring the staff's right in step. Raises AccountRefused.

    What the account has, or has not, already is left alone: without a change nothing is checked. A role of another
    organisation than the account's is passed over, as a name that nothing has.
    """
    with transaction.atomic():
        named = Group.objects.filter(name__in=given).exclude(user=account).select_related("own_role")
        more = locked_groups(group for group in named if is_open_to(group, account.organisation_id))
        less = list(Group.objects.filter(name__in=taken, user=account).select_related("own_role"))
        require_may_change(by, given={group: [account] for group in more}, taken={group: [account] for group in less})
        account.groups.remove(*less)
        account.groups.add(*more)
        update_staff_rights([account])


def locked_groups(groups: Iterable[Group]) -> list[Group]:
    """Return the groups that are there still, with the roles of organisations among them locked.

    So nobody changes the rights of a role, or deletes it, while it is given. Without such a role there is no query.
    """
    found = list(groups)
    own = [group.own_role.pk for group in found if hasattr(group, "own_role")]
    rows = OrganisationRole.objects.select_for_update().filter(pk__in=own).order_by("pk") if own else ()
    there = {row.pk for row in rows}
    return [group for group in found if not hasattr(group, "own_role") or group.own_role.pk in there]


@dataclass(frozen=True)
class GroupChange:
    """The names of the groups that one account is given, and of those that are taken from it."""

    account: User
    given: Collection[str]
    taken: Collection[str]


def change_groups_of_many(changes: Sequence[GroupChange], *, by: User | None) -> None:
    """Do what `change_groups` does for each account. Raises AccountRefused, and then nothing changed.

    The statements grow with the number of groups that are named, not with the number of accounts.
    """
    held = names_held([change.account for change in changes])
    joining, leaving = defaultdict[str, list[User]](list), defaultdict[str, list[User]](list)
    for change in changes:
        for name in set(change.given) - held[change.account.pk]:
            joining[name].append(change.account)
        for name in set(change.taken) & held[change.account.pk]:
            leaving[name].append(change.account)
    with transaction.atomic():
        named = Group.objects.filter(name__in={*joining, *leaving}).select_related("own_role")
        groups = locked_groups(named)
        more = {group: chosen for group in groups if (chosen := those_of(group, joining[group.name]))}
        less = {group: leaving[group.name] for group in groups if group.name in leaving}
        require_may_change(by, given=more, taken=less)
        for group, accounts in less.items():
            group.user_set.remove(*accounts)
        for group, accounts in more.items():
            group.user_set.add(*accounts)
        update_staff_rights([change.account for change in changes])


def those_of(group: Group, accounts: Sequence[User]) -> list[User]:
    """Return those of the accounts to which the group may be given: a role only to its organisation's."""
    return [account for account in accounts if is_open_to(group, account.organisation_id)]


def names_held(accounts: Collection[User]) -> dict[int, set[str]]:
    """Return {number of the account: names of its groups}, in one query."""
    held: dict[int, set[str]] = {account.pk: set() for account in accounts}
    for number, name in Group.objects.filter(user__in=held).values_list("user", "name"):
        held[number].add(name)
    return held


def require_may_change(by: User | None, *, given: Moves, taken: Moves) -> None:
    """Raise AccountRefused unless `by` may give these groups to their accounts, and take those from theirs."""
    moves = [*given.items(), *taken.items()]
    if moves:
        require_may_manage(by, *{account for _group, accounts in moves for account in accounts})
        require_may_give(by, list(given))
    for group, accounts in moves:
        for account in accounts if is_role(group) else ():
            require_not_oneself(by, account)


def require_may_give(by: User | None, groups: Collection[Group]) -> None:
    """Raise AccountHasMoreRights if one of the groups gives a right that `by` lacks."""
    if by is None or not groups:
        return
    permitted = set(groups_within_rights_of(by).values_list("pk", flat=True))
    for group in groups:
        if group.pk not in permitted:
            words = _("“%(group)s” gives rights that you do not have: ask a superuser to do this.")
            raise AccountHasMoreRights(words % {"group": title_of(group)})


def update_staff_right(account: User) -> None:
    """Let the account enter the admin if it is a superuser, or a person with a staff role; otherwise not."""
    update_staff_rights([account])


def update_staff_rights(accounts: Sequence[User]) -> None:
    """Let those of the accounts enter the admin that are superusers, or persons with a staff role."""
    numbers = [account.pk for account in accounts]
    has_staff_role = set(staff_groups().filter(user__in=numbers).values_list("user", flat=True))
    for is_staff in (True, False):
        changed = [one for one in accounts if one.is_staff != is_staff and may_enter(one, has_staff_role) == is_staff]
        if changed:
            User.objects.filter(pk__in=[one.pk for one in changed]).update(is_staff=is_staff)
        for one in changed:
            one.is_staff = is_staff


def may_enter(account: User, has_staff_role: Collection[int]) -> bool:
    """Return True if the account may enter the admin; the numbers are of the accounts that have a staff role."""
    return account.is_superuser or (not account.is_service and account.pk in has_staff_role)


def role_of(account: User) -> str:
    """Return the account's built-in role with the most rights; "" for none. No query if its groups are prefetched."""
    held = {group.name for group in account.groups.all()}
    return next((role for role in reversed(ROLES) if role in held), "")


def own_role_of(account: User) -> str:
    """Return the name of the first role, by title, that the account has of its organisation's own; "" for none."""
    held = OrganisationRole.objects.filter(group__user=account, organisation=account.organisation_id)
    return held.values_list("group__name", flat=True).first() or ""
