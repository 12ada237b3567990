"""Who may act on which account: nobody on an account with permissions that they do not have themselves."""

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User


class AccountHasMoreRights(Exception):
    """The person may not act on the account, because it has more permissions; the message says why."""


def has_rights_beyond(account: User, actor: User) -> bool:
    """Return True if the account, active or not, has a permission that the actor does not have."""
    if actor.is_superuser:
        return False
    return account.is_superuser or not rights_of(account) <= actor.get_all_permissions()


def rights_of(account: User) -> set[str]:
    """Return the permissions of the account, its own and those of its groups, also while it is deactivated."""
    return permission_names(Permission.objects.filter(Q(user=account) | Q(group__user=account)))


def permission_names(permissions: QuerySet[Permission]) -> set[str]:
    """Return the permissions as texts `app_label.codename`, as `has_perm` expects them."""
    return {f"{label}.{name}" for label, name in permissions.values_list("content_type__app_label", "codename")}


def groups_within_rights_of(actor: User) -> QuerySet[Group]:
    """Return the groups whose permissions the actor has all."""
    if actor.is_superuser:
        return Group.objects.all()
    own_rights = actor.get_all_permissions()
    permitted = [group.pk for group in Group.objects.all() if permission_names(group.permissions.all()) <= own_rights]
    return Group.objects.filter(pk__in=permitted)


def accounts_to_make_keys_for(actor: User) -> QuerySet[User]:
    """Return the accounts for which the actor may make keys.

    These are the actor's own and, with permission, service accounts that have no further permissions.
    """
    own = Q(pk=actor.pk)
    if not actor.has_perm("accounts.add_apikey"):
        return User.objects.filter(own)
    service_accounts = [user.pk for user in User.objects.filter(is_service=True) if not has_rights_beyond(user, actor)]
    return User.objects.filter(own | Q(pk__in=service_accounts), is_active=True)


def require_may_make_keys(actor: User, account: User) -> None:
    """Raise AccountHasMoreRights unless the actor may make and rotate keys for the account."""
    if not accounts_to_make_keys_for(actor).filter(pk=account.pk).exists():
        words = _(
            "You may not make keys for %(account)s, only for yourself and for service accounts with no more rights."
        )
        raise AccountHasMoreRights(words % {"account": account})


def require_no_rights_beyond(actor: User, account: User) -> None:
    """Raise AccountHasMoreRights if the account has a permission that the actor does not have."""
    if has_rights_beyond(account, actor):
        raise AccountHasMoreRights(
            _("%(account)s has rights that you do not have: ask a superuser to do this.") % {"account": account}
        )
