"""Making and changing accounts. `by` is the acting account; None is the operator of the machine."""

from collections.abc import Collection
from typing import TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.granting import set_roles
from accounts.memberships import end_memberships
from accounts.models import User
from accounts.passwords import letters, setting
from accounts.rank import AccountRefused, require_may_manage, require_not_oneself
from accounts.reach import unlimited

DETAILS = ("username", "first_name", "last_name", "email")


class Details(TypedDict, total=False):
    """What may be changed of an account by its administrators, beside its role."""

    username: str
    first_name: str
    last_name: str
    email: str


def make_account(details: Details, *, roles: Collection[str], by: User | None, is_service: bool = False) -> User:
    """Make an account without a password, with these roles, in the organisation of `by`.

    Raises ValidationError for a name or an address that is refused or taken, and AccountRefused.
    """
    account = User(**details, is_service=is_service)
    if by is not None:
        account.organisation_id = by.organisation_id
    account.set_unusable_password()
    with transaction.atomic():
        require_acceptable(account)
        account.save()
        set_roles(account, roles, by=by)
    return account


def change_account(account: User, details: Details, *, by: User | None) -> None:
    """Change these details of the account; without a change nothing is checked. Raises ValidationError, AccountRefused.

    A session of the person goes on; a link to a new password that was mailed to the earlier address ends. A new address
    ends memberships, since who reads it may choose a password.
    """
    changed = [name for name, value in details.items() if getattr(account, name) != value]
    if not changed:
        return
    require_may_manage(by, account)
    for name in changed:
        setattr(account, name, details[name])  # type: ignore[literal-required]
    require_acceptable(account, changed)
    with transaction.atomic():
        account.save(update_fields=changed)
        if "email" in changed:
            end_memberships(account)


def require_acceptable(account: User, changed: Collection[str] = DETAILS) -> None:
    """Raise ValidationError, by field, if one of the changed values of the account is refused or taken.

    Two names that differ in upper and lower case alone would be taken for each other.
    """
    with unlimited():  # names of accounts are the installation's
        account.full_clean(exclude={field.name for field in User._meta.fields} - set(changed))
        similar = User.objects.filter(username__iexact=account.username).exclude(pk=account.pk)
        is_taken = "username" in changed and similar.exists()
    if is_taken:
        raise ValidationError({"username": ValidationError(_("Another account has this name."), code="unique")})


# -- letting in ------------------------------------------------------------------------------------
def invite_account(account: User, *, by: User | None) -> None:
    """Have the person, who has no password yet, be mailed a link to choose one. Raises AccountRefused, CannotInvite."""
    require_may_manage(by, account)
    letters.invite(account)


def mail_new_password(account: User, *, by: User | None) -> None:
    """Have the person be mailed a link to a new password. Raises AccountRefused or CannotInvite."""
    require_may_manage(by, account)
    letters.send_new_password(account)


def give_temporary_password(account: User, *, by: User | None) -> str:
    """Give the person a temporary password and return it; it can be shown only now. Raises AccountRefused.

    It ends memberships: who gives it can enter the account. Nobody gives one to themselves: one's own password is
    changed where the old one is asked for.
    """
    require_may_manage(by, account)
    require_not_oneself(by, account)
    if account.is_service:
        raise AccountRefused(_("%(account)s is a machine: it has no password, but keys.") % {"account": account})
    with transaction.atomic():
        end_memberships(account)
        return setting.give_temporary_password(account)
