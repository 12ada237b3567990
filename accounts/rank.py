"""The rules that say who may act on which account: nobody may act on an account that has a right they lack.

Otherwise a person could make a key for a stronger account, or set its password, and so obtain its rights. The rights
of an account are its Django permissions, its own and those of its groups; a superuser has every right.
"""

from collections.abc import Sequence

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import OrganisationRole, User
from accounts.roles import ROLES
from accounts.walls import within_organisation


class AccountRefused(Exception):
    """The person may not do this to the account; the message says why, and what to do."""


class AccountHasMoreRights(AccountRefused):
    """The account, or what it is to be given, has rights that the person lacks."""


class OwnAccount(AccountRefused):
    """Nobody changes their own role and nobody deactivates themselves: so the last administrator stays one."""


class OtherOrganisation(AccountRefused):
    """The account belongs to another organisation than the person."""


def has_rights_beyond(account: User, actor: User) -> bool:
    """Return True if the account, active or not, has a right that the actor lacks."""
    if actor.is_superuser:
        return False
    return account.is_superuser or not rights_of(account) <= actor.get_all_permissions()


def rights_of(account: User) -> set[str]:
    """Return the account's own permissions and those of its groups, as `has_perm` expects them."""
    return rights_of_each([account])[account.pk]


def rights_of_each(accounts: Sequence[User]) -> dict[int, set[str]]:
    """Return {number of the account: its own permissions and those of its groups}, in two queries.

    Django's `get_all_permissions` would return none for a deactivated account, which may be activated again.
    """
    held: dict[int, set[str]] = {account.pk: set() for account in accounts}
    for way in ("user_permissions", "groups__permissions"):
        rows = User.objects.filter(pk__in=held).filter(**{f"{way}__isnull": False})
        for number, app, name in rows.values_list("pk", f"{way}__content_type__app_label", f"{way}__codename"):
            held[number].add(f"{app}.{name}")
    return held


def groups_within_rights_of(actor: User) -> QuerySet[Group]:
    """Return the groups that give no permission that the actor lacks; the actor may put accounts into these."""
    if actor.is_superuser:
        return Group.objects.all()
    own_rights = actor.get_all_permissions()
    beyond = [
        right.pk for right in Permission.objects.select_related("content_type") if name_of(right) not in own_rights
    ]
    return Group.objects.exclude(permissions__in=beyond)


def name_of(right: Permission) -> str:
    """Return the permission in the form that `has_perm` expects."""
    return f"{right.content_type.app_label}.{right.codename}"


def roles_within_rights_of(actor: User) -> list[str]:
    """Return the built-in roles that the actor may give, the one with the fewest rights first."""
    permitted = set(groups_within_rights_of(actor).values_list("name", flat=True))
    return [role for role in ROLES if role in permitted]


def own_roles_within_rights_of(actor: User, organisation: int) -> QuerySet[OrganisationRole]:
    """Return the roles of the organisation that the actor may give, by title."""
    return OrganisationRole.objects.filter(organisation=organisation, group__in=groups_within_rights_of(actor))


def accounts_to_make_keys_for(actor: User) -> QuerySet[User]:
    """Return the accounts for which the actor may make keys.

    These are the actor's own account and, if the actor has the permission `accounts.add_apikey`, the active service
    accounts of the actor's organisation that have no right that the actor lacks.
    """
    own = Q(pk=actor.pk)
    if not actor.has_perm("accounts.add_apikey"):
        return User.objects.filter(own)
    service_accounts = within_organisation(actor, User.objects.filter(is_service=True))
    permitted = [account.pk for account in service_accounts if not has_rights_beyond(account, actor)]
    return User.objects.filter(own | Q(pk__in=permitted), is_active=True)


def require_may_make_keys(actor: User, account: User) -> None:
    """Raise AccountHasMoreRights unless the actor may make and rotate keys for the account."""
    if not accounts_to_make_keys_for(actor).filter(pk=account.pk).exists():
        message = _(
            "You may not make keys for %(account)s, only for yourself and for service accounts that have no more "
            "rights than you: ask a superuser to do this."
        )
        raise AccountHasMoreRights(message % {"account": account})


def require_no_rights_beyond(actor: User, account: User) -> None:
    """Raise AccountHasMoreRights if the account has a right that the actor lacks."""
    require_none_beyond(actor, [account])


def require_none_beyond(actor: User, accounts: Sequence[User]) -> None:
    """Raise AccountHasMoreRights if one of the accounts has a right that the actor lacks. Queries do not grow."""
    if actor.is_superuser:
        return
    held, own = rights_of_each(accounts), actor.get_all_permissions()
    for account in accounts:
        if account.is_superuser or not held[account.pk] <= own:
            words = _("%(account)s has rights that you do not have: ask a superuser to do this.")
            raise AccountHasMoreRights(words % {"account": account})


def require_may_manage(actor: User | None, *accounts: User) -> None:
    """Raise AccountRefused unless the actor may change the accounts. None may: it is the operator of the machine.

    Every door calls this: the page, the command, the directory (SCIM) and the single sign-on. For many accounts it
    makes as many queries as for one.
    """
    if actor is None:
        return
    for account in accounts:
        if not actor.is_superuser and account.organisation_id != actor.organisation_id:
            raise OtherOrganisation(_("%(account)s belongs to another organisation.") % {"account": account})
    require_none_beyond(actor, accounts)


def require_not_oneself(actor: User | None, account: User) -> None:
    """Raise OwnAccount if the account is the actor's own."""
    if actor is not None and actor.pk == account.pk:
        raise OwnAccount(_("This cannot be done to one's own account: ask another administrator."))
