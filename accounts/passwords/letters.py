"""Mails with a link to a new password: for a person who forgot theirs, and for one who is invited.

A page only notes in a row that a letter is wanted. The process that sends mails looks up the account, makes the link
and sends it. So a page takes the same time whether or not an account has the address, and a mail server that is away
loses no letter.
"""

import logging
from datetime import timedelta
from itertools import takewhile

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.attempts import Attempt, count
from accounts.audit import AuditRecord
from accounts.models import User
from accounts.passwords.links import lifetime_of, link_for
from accounts.passwords.models import Letter
from accounts.preferences import preferences_of

logger = logging.getLogger(__name__)

# The most letters of one turn, and the most accounts that one address may have for which letters are sent.
MOST_LETTERS, MOST_ACCOUNTS = 20, 5
# After a failed attempt the letter waits, twice as long each time. After a day the person has asked again.
FIRST_WAIT, LONGEST_WAIT, GIVE_UP_AFTER = timedelta(minutes=1), timedelta(hours=1), timedelta(hours=24)


class CannotInvite(Exception):
    """No letter can be sent to the account; the message says why, and what to do."""


# -- asking for a letter ---------------------------------------------------------------------------
def sends_letters() -> bool:
    """Return True if letters can be sent: there is a mail server, and a public address for the links in them."""
    return bool(settings.SENDS_MAIL and settings.PUBLIC_URL)


def ask_for_new_password(address: str, *, caller: str) -> None:
    """Note that somebody who forgot the password typed this mail address; `caller` is where the request came from.

    Raises SignInRefused if the same was asked too often, for this address or from there.
    """
    count(Attempt.of(address, caller, on="letter"))
    Letter.objects.create(kind=Letter.Kind.FORGOTTEN, typed_address=address)


def invite(account: User) -> None:
    """Note that the account, which has no password yet, is to get an invitation, and record it. Raises CannotInvite."""
    require_can_be_mailed(account)
    if account.has_usable_password() or account.is_service or not account.is_active:
        words = _("%(account)s cannot be invited: only an active person without a password can.")
        raise CannotInvite(words % {"account": account})
    with transaction.atomic():
        Letter.objects.create(kind=Letter.Kind.INVITATION, account=account)
        account.entry(AuditRecord.Action.INVITED, f"to {account.email}").save()


def send_new_password(account: User) -> None:
    """Note that the account is to get a link to a new password, which somebody else asked for. Raises CannotInvite."""
    require_can_be_mailed(account)
    if not account.has_usable_password() or account.is_service or not account.is_active:
        words = _("%(account)s gets no link: only an active person with a password can.")
        raise CannotInvite(words % {"account": account})
    Letter.objects.create(kind=Letter.Kind.FORGOTTEN, account=account)


def require_can_be_mailed(account: User) -> None:
    """Raise CannotInvite if no mail can be sent, or the account has no address."""
    if not sends_letters():
        raise CannotInvite(_("No mail can be sent: EMAIL_URL and PUBLIC_URL have to be set."))
    if not account.email:
        raise CannotInvite(_("%(account)s has no mail address.") % {"account": account})


# -- sending ---------------------------------------------------------------------------------------
def send_due_letters() -> int:
    """Send the letters that are due and return how many rows were settled. A letter is sent at least once."""
    if not sends_letters():
        return 0
    due = Letter.objects.filter(next_attempt_at__lte=timezone.now()).select_related("account")
    # A server that fails one mail may fail them all, slowly: the next turn goes on with the next letter.
    return sum(takewhile(bool, map(settle, due.order_by("next_attempt_at", "pk")[:MOST_LETTERS])))


def settle(letter: Letter) -> bool:
    """Send the letter to each account it is for, and delete it; False if the mail server failed or another is at it."""
    if not claim(letter):
        return False
    try:
        for account in receivers(letter):
            mail_to(account, Letter.Kind(letter.kind)).send()
    except (OSError, ValueError) as error:  # the server's fault, or an address that no mail can have
        logger.warning("Letter %s could not be sent: %s", letter.pk, type(error).__name__)
        if timezone.now() - letter.created_at < GIVE_UP_AFTER:
            return False
    letter.delete()
    return True


def claim(letter: Letter) -> bool:
    """Claim the letter by compare-and-set on `attempts`, with its next attempt; False if another process was faster."""
    again = timezone.now() + min(FIRST_WAIT * 2 ** min(letter.attempts, 10), LONGEST_WAIT)
    unclaimed = Letter.objects.filter(pk=letter.pk, attempts=letter.attempts)
    return unclaimed.update(attempts=letter.attempts + 1, next_attempt_at=again) == 1


def receivers(letter: Letter) -> list[User]:
    """Return the accounts that get the letter: active people.

    Of a forgotten password those with the typed address that have a password: who signs in elsewhere gets none here.
    If an administrator asked for it, that account and no other with the same address.
    """
    people = User.objects.filter(is_active=True, is_service=False)
    if letter.kind == Letter.Kind.INVITATION:
        invited = people.filter(pk=letter.account_id or 0)
        return [account for account in invited if not account.has_usable_password()]
    if letter.account_id is not None:
        return [account for account in people.filter(pk=letter.account_id) if account.has_usable_password()]
    similar = people.filter(email__iexact=letter.typed_address).order_by("pk")
    # The database may compare more loosely than mail servers do: the folded addresses have to be the same.
    found = [account for account in similar if account.email.casefold() == letter.typed_address.casefold()]
    return [account for account in found if account.has_usable_password()][:MOST_ACCOUNTS]


def mail_to(account: User, kind: Letter.Kind) -> EmailMessage:
    """Return the mail, in the person's language and time zone, to the address that the account has."""
    with preferences_of(account):
        until = timezone.now() + lifetime_of(kind)
        context = {"reader": account, "link": link_for(account, kind), "until": until}
        subject = _("Your invitation to Interlock") if kind == Letter.Kind.INVITATION else _("A new password")
        body = render_to_string(f"email/{kind.value}.txt", context)
    return EmailMessage(subject, body, to=[account.email], headers={"Auto-Submitted": "auto-generated"})
