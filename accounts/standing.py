"""Who may act on whose account: nobody on one that may more than they do themselves."""

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

from accounts.models import User


def is_above(account: User, actor: User) -> bool:
    """Return True if the account may do something that the actor may not."""
    if actor.is_superuser:
        return False
    return account.is_superuser or bool(rights(account) - rights(actor))


def rights(user: User) -> set[str]:
    """The permissions of an account, active or not: one that is switched on again has them again."""
    if user.is_active:
        return set(user.get_all_permissions())
    held = Permission.objects.filter(Q(group__user=user) | Q(user=user)).select_related("content_type").distinct()
    return names_of(held)


def names_of(permissions: Iterable[Permission]) -> set[str]:
    """The permissions as they are asked for, such as `backlog.view_project`."""
    return {f"{one.content_type.app_label}.{one.codename}" for one in permissions}


def groups_within(actor: User) -> list[Group]:
    """The groups that give no right which the actor lacks."""
    own = rights(actor)
    groups = Group.objects.prefetch_related("permissions__content_type")
    return [group for group in groups if actor.is_superuser or names_of(group.permissions.all()) <= own]


def may_make_key(actor: User, account: User) -> bool:
    """Return True for one's own account, and for a machine's that is not above it: a key speaks as its account."""
    return account.pk == actor.pk or (account.is_service and not is_above(account, actor))
