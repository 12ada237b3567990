"""The organisations of a person: an account in each, and a home account with which the person signs in to all of them.

An account is in one organisation and has one role there. So its keys, webhooks, questions, mails and records belong to
one organisation, whichever its person works in at the moment, and a membership needs no rule beside those of accounts.
`User.home` names the home account of a person who has several; that account names itself.

A session goes from the home account to the others and back, and never begins at one of the others: the administrators
of an organisation give its accounts passwords, and would come into the other organisations that way. For the same
reason all memberships end when somebody else changes how the home account is entered.

What is done here concerns accounts of several organisations, so it reaches beyond that of the request.
"""

import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.audit import AuditRecord
from accounts.models import User
from accounts.passwords.links import account_of
from accounts.people import signed_in_person
from accounts.reach import unlimited
from accounts.required_steps import BY_PROVIDER, HOME, SHOWN, SHOWN_FOR, has_shown_factor, needs_second_factor
from accounts.sessions import BEGAN, restart_time_out

# What a session keeps when it goes on as another account: when it began, and what its person has shown.
KEPT = (BEGAN, SHOWN, SHOWN_FOR, BY_PROVIDER)
# A person with more organisations is shown the first ones, by name.
MOST_SHOWN = 50


class MembershipRefused(Exception):
    """The person cannot join the organisation, or not go there now; the message says why, and what to do."""


# -- reading ---------------------------------------------------------------------------------------
def home_of(user: User, session: Any) -> int | None:
    """Return the number of the home account from which this session came; None for a person of one organisation.

    None as well in a session that began at another account of the person than the home account.
    """
    came_from = user.pk if user.home_id == user.pk else session.get(HOME)
    return user.home_id if user.home_id is not None and user.home_id == came_from else None


def memberships_of(home: int | None) -> QuerySet[User]:
    """Return the active accounts of the person with this home account, one an organisation; none for None."""
    own = Q(pk=home) | Q(home=home, is_service=False, is_superuser=False)
    found = User.objects.filter(own, is_active=True) if home is not None else User.objects.none()
    return found.select_related("organisation").order_by("organisation__name")


def other_accounts(account: User) -> QuerySet[User]:
    """Return the other accounts of the account's person, active or not: for whoever is above organisations."""
    found = User.objects.exclude(pk=account.pk).filter(home=account.home_id)
    return (found if account.home_id is not None else found.none()).select_related("organisation").order_by("pk")


@unlimited()
def shown_memberships(request: HttpRequest) -> list[User]:
    """Return the accounts among which this session may go; no query, and none, for a person of one organisation."""
    user = request.user
    home = home_of(user, request.session) if isinstance(user, User) else None
    return list(memberships_of(home)[:MOST_SHOWN]) if home is not None else []


# -- going from one to the other -------------------------------------------------------------------
@unlimited()
def switch(request: HttpRequest, to: int) -> User:
    """Have the session go on as the person's account with this number, and return it. Raises MembershipRefused.

    The session gets another key and another CSRF token: a form that was opened before is refused, so that nothing is
    done in another organisation than in the one that its page showed.
    """
    person = signed_in_person(request)
    home = home_of(person, request.session)
    account = memberships_of(home).filter(pk=to).first()
    if account is None:
        raise MembershipRefused(_("You are no member of that organisation, or not any more."))
    require_shown_factor(account, request.session)
    person.entry(AuditRecord.Action.SWITCHED).save()
    kept = {name: request.session[name] for name in KEPT if name in request.session}
    request.signed_in_with = "another organisation"  # type: ignore[attr-defined]
    login(request, account, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.update(kept if account.pk == home else {**kept, HOME: home})
    restart_time_out(request.session)
    return account


def require_shown_factor(account: User, session: Any) -> None:
    """Raise MembershipRefused if the account is entered with a second factor, and this session has shown none."""
    if (account.has_second_factor or needs_second_factor(account)) and not has_shown_factor(session):
        words = _(
            "Your role in %(organisation)s needs a second factor. Set one up in your preferences, or sign in with the"
            " one you have, then switch."
        )
        raise MembershipRefused(words % {"organisation": account.organisation})


# -- joining and leaving ---------------------------------------------------------------------------
@unlimited()
def join(token: str, person: User, session: Any) -> User:
    """Make the invited account of this link one of the person's accounts, and return it. The link ends.

    Raises LinkNotValid or MembershipRefused.
    """
    with transaction.atomic():
        account = account_of(token, locked=True)
        home = User.objects.select_for_update().get(pk=home_of(person, session) or person.pk)
        require_may_join(account, home)
        account.home, account.verified_email = home, account.email
        # Another stamp ends the link, and every session that somebody may have.
        account.session_stamp = secrets.token_hex(8)
        account.save(update_fields=["home", "verified_email", "session_stamp"])
        if home.home_id is None:
            home.home_id = home.pk
            home.save(update_fields=["home"])
        for joined in (account, home):
            joined.entry(AuditRecord.Action.JOINED).save()
    return account


def require_may_join(account: User, home: User) -> None:
    """Raise MembershipRefused unless the invited account may become one of the person with this home account."""
    if home.home_id not in (None, home.pk):
        words = _("You signed in here with an account that belongs to another one of yours: sign in with that one.")
        raise MembershipRefused(words)
    if account.has_usable_password() or account.is_superuser or account.home_id is not None or account.pk == home.pk:
        raise MembershipRefused(_("This account is in use already: sign in with it, or ask an administrator."))
    own = User.objects.filter(Q(home=home) | Q(pk=home.pk), organisation=account.organisation_id)
    if own.exists():
        words = _("You have an account in %(organisation)s already: a person has one in each organisation.")
        raise MembershipRefused(words % {"organisation": account.organisation})


@unlimited()
def leave(home: int, account: User) -> None:
    """End the membership: the account stays, and is not entered from the home account any more. Idempotent."""
    if account.pk != home and account.home_id == home:
        with transaction.atomic():
            end(account)
            if not User.objects.filter(home=home).exclude(pk=home).exists():
                User.objects.filter(pk=home).update(home=None)


@unlimited()
def end_memberships(account: User) -> None:
    """End all memberships of a home account, or the one that another account is. Idempotent.

    Whoever changes how somebody else's account is entered, or closes it, calls this in the same transaction.
    """
    if account.home_id is None:
        return
    with transaction.atomic():
        if account.home_id != account.pk:
            leave(account.home_id, account)
        for other in User.objects.filter(home=account.pk).exclude(pk=account.pk):
            end(other)
        User.objects.filter(pk=account.pk).update(home=None)
    account.home = None


def end(account: User) -> None:
    """Take the account from its home account, and record it; sessions that came from there end with it."""
    account.home = None
    account.save(update_fields=["home"])
    account.entry(AuditRecord.Action.LEFT).save()
