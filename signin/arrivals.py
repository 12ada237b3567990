"""Whose account it is when somebody comes from the single sign-on: theirs, one to link, or a new one.

The roles follow each time from the groups that the provider names, and from those in which a directory keeps the person
here (SCIM). Who is in no group that has a role gets no account, and loses the roles of the one they have.

An account of the directory is linked by the subject that the provider gives. Another one that exists is linked by its
mail address only if OIDC_LINK_BY_ADDRESS allows it, the provider has verified the address, the person has proven it
here as well, and the account is no superuser's: otherwise who may choose an address at the provider could take over an
account.
"""

import re
from collections.abc import Callable

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.audit import AuditRecord
from accounts.granting import set_roles
from accounts.models import User
from accounts.organisation_roles import roles_among
from accounts.organisations import FIRST_ORGANISATION
from accounts.roles import ROLES
from accounts.walls import organisation_of
from environment.sign_in import SingleSignOn
from signin.claims import Claims
from signin.group_roles import roles_of_groups

LONGEST_NAME = 150
NOT_IN_A_NAME = re.compile(r"[^\w.@+-]+")


class ArrivalRefused(Exception):
    """The person is not let in; the message says why, and what to do."""


def arrive(claims: Claims, sso: SingleSignOn, known: User | None, link: Callable[[User], None]) -> User:
    """Return the account of the person, with the roles that the groups give now. Raises ArrivalRefused.

    `known` is the account that is linked with the person's identity already, or None; then `link` links the one found.
    """
    kept = known or account_of_directory(claims)
    if kept is not None:
        require_may_enter(kept)
    roles = roles_of_groups(claims.groups | groups_kept_here(kept), sso.roles)
    if known is not None:
        set_roles(known, roles, by=None)
    if not roles_among(roles, organisation_of(kept) if kept else FIRST_ORGANISATION):
        words = _("You are in no group at %(provider)s that may use Interlock. Ask those who keep the groups there.")
        raise ArrivalRefused(words % {"provider": sso.name})
    if known is not None:
        return known
    with transaction.atomic():
        account = kept or account_to_link(claims, sso) or new_account(claims)
        set_roles(account, roles, by=None)
        link(account)
        account.entry(AuditRecord.Action.LINKED, f"with an identity at {sso.name}").save()
    return account


def account_of_directory(claims: Claims) -> User | None:
    """Return the account that the company's directory keeps here (SCIM) under the subject of the claims; else None.

    The provider gives a subject to one person and to no other, so this needs no mail address.
    """
    known = entered_directly().filter(external_id__in=claims.subjects, is_superuser=False)
    found = list(known[:2])
    return found[0] if len(found) == 1 else None


def entered_directly() -> QuerySet[User]:
    """Return the accounts of people, without those that a person enters from their account of another organisation."""
    return User.objects.filter(Q(home=None) | Q(home=F("pk")), is_service=False)


def groups_kept_here(account: User | None) -> frozenset[str]:
    """Return the groups, beside the roles, in which the account is here: a directory keeps them over SCIM."""
    plain = Group.objects.filter(own_role=None).exclude(name__in=ROLES)
    held = plain.filter(user=account) if account else plain.none()
    return frozenset(held.values_list("name", flat=True))


def require_may_enter(account: User) -> None:
    """Raise ArrivalRefused for a deactivated account, and for one of a machine."""
    if account.is_service or not account.is_active:
        raise ArrivalRefused(_("Your account is deactivated. Ask an administrator of Interlock."))


def account_to_link(claims: Claims, sso: SingleSignOn) -> User | None:
    """Return the account with the person's mail address; None if there is none. Raises ArrivalRefused."""
    if not claims.address:
        return None
    similar = list(entered_directly().filter(email__iexact=claims.address)[:2])
    if not similar:
        return None
    account = similar[0]
    is_proven = claims.address_is_verified and account.has_verified_email
    if len(similar) > 1 or not (sso.links_by_address and is_proven) or account.is_superuser:
        words = _("Another account has your mail address. Sign in with its password, or ask an administrator.")
        raise ArrivalRefused(words)
    require_may_enter(account)
    return account


def new_account(claims: Claims) -> User:
    """Make an account without a password. An address of which the provider says that it is not verified is left out."""
    account = User(
        username=free_name(claims.name),
        first_name=claims.first_name,
        last_name=claims.last_name,
        email="" if claims.address_is_doubtful else claims.address,
        verified_email=claims.address if claims.address_is_verified else "",
    )
    account.set_unusable_password()
    account.save()
    return account


def free_name(wanted: str) -> str:
    """Return the wanted name of an account, or where that is taken, the name with the lowest free number."""
    name = NOT_IN_A_NAME.sub("", wanted)[: LONGEST_NAME - 8] or "person"
    taken = {
        found.casefold() for found in User.objects.filter(username__istartswith=name).values_list("username", flat=True)
    }
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return name if name.casefold() not in taken else next(one for one in numbered if one.casefold() not in taken)
