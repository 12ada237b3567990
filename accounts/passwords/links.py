"""Signed links in mails to the page on which a person chooses a new password.

A link names an account and what it was made for. It is good until its time is over, and no longer than the account
stays as it was: a new password, another mail address or a later sign-in ends it. So it works once, and nothing is
stored.
"""

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.passwords.models import Letter

SALT = "accounts.passwords.links"


class LinkNotValid(Exception):
    """The link cannot be used; the message says what to do."""


def link_for(account: User, kind: Letter.Kind) -> str:
    """Return the complete address of the page on which the account gets a new password."""
    token = signing.dumps([kind.value, account.pk, state_of(account, kind)], salt=SALT)
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('choose-password', args=[token])}"


def account_of(token: str, *, locked: bool = False) -> User:
    """Return the account for which the link was made, `locked` in a transaction if asked for. Raises LinkNotValid."""
    try:
        kind, pk, state = signing.loads(token, salt=SALT)
        signing.loads(token, salt=SALT, max_age=lifetime_of(Letter.Kind(kind)))
    except signing.SignatureExpired as error:
        raise LinkNotValid(_("This link has expired. Ask for a new one.")) from error
    except (signing.BadSignature, ValueError) as error:
        words = _("This link is incomplete or was changed: open it from the e-mail again, or copy all of it.")
        raise LinkNotValid(words) from error
    accounts = User.objects.select_for_update() if locked else User.objects.all()
    account = accounts.filter(pk=pk, is_active=True, is_service=False).first()
    if account is None or not constant_time_compare(state, state_of(account, Letter.Kind(kind))):
        raise LinkNotValid(_("This link was used already, or a newer one counts. Sign in, or ask for a new one."))
    return account


def lifetime_of(kind: Letter.Kind) -> timedelta:
    """Return for how long a link of this kind is good."""
    is_invitation = kind == Letter.Kind.INVITATION
    known = settings.SIGN_IN
    return timedelta(hours=known.invitation_hours if is_invitation else known.password_link_hours)


def state_of(account: User, kind: Letter.Kind) -> str:
    """Return a keyed digest of what may not change while a link of the account is good."""
    signed_in = account.last_login.isoformat() if account.last_login else ""
    parts = [kind.value, account.password, account.email, account.session_stamp, signed_in]
    return salted_hmac(SALT, "\0".join(parts), algorithm="sha256").hexdigest()[:32]
