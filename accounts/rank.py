"""Who may act on whose account: nobody on one that may more than they may themselves."""

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User


class AccountAbove(Exception):
    """The account, or what it is to be given, is not this person's to act on; the message says why."""


def is_above(account: User, actor: User) -> bool:
    """Whether the account, even while it is deactivated, may something that the actor may not."""
    if actor.is_superuser:
        return False
    return account.is_superuser or not rights_of(account) <= actor.get_all_permissions()


def rights_of(account: User) -> set[str]:
    """The permissions the account was given, by itself or by its groups."""
    return spelled(Permission.objects.filter(Q(user=account) | Q(group__user=account)))


def spelled(permissions: QuerySet[Permission]) -> set[str]:
    """The permissions as `has_perm` knows them."""
    return {f"{label}.{name}" for label, name in permissions.values_list("content_type__app_label", "codename")}


def groups_within(actor: User) -> QuerySet[Group]:
    """The groups that give nothing the actor does not have."""
    if actor.is_superuser:
        return Group.objects.all()
    held = actor.get_all_permissions()
    parted = [group.pk for group in Group.objects.all() if spelled(group.permissions.all()) <= held]
    return Group.objects.filter(pk__in=parted)


def keyed_by(actor: User) -> QuerySet[User]:
    """The accounts that the actor may make keys for: their own, and with permission service accounts not above it."""
    own = Q(pk=actor.pk)
    if not actor.has_perm("accounts.add_apikey"):
        return User.objects.filter(own)
    machines = [user.pk for user in User.objects.filter(is_service=True) if not is_above(user, actor)]
    return User.objects.filter(own | Q(pk__in=machines), is_active=True)


def require_keyed_by(actor: User, account: User) -> None:
    """Raise AccountAbove unless the actor may make or rotate keys of the account."""
    if not keyed_by(actor).filter(pk=account.pk).exists():
        words = _("You may not make keys of %(account)s: only your own, and those of service accounts below you.")
        raise AccountAbove(words % {"account": account})


def require_not_above(actor: User, account: User) -> None:
    """Raise AccountAbove where the account may more than the actor."""
    if is_above(account, actor):
        raise AccountAbove(_("%(account)s may more than you: ask a superuser.") % {"account": account})
