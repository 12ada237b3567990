"""Mails to people about their own accounts, so that nobody acts for them without their knowing."""

import logging

from django.core.mail import send_mail
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import User

logger = logging.getLogger(__name__)


def tell_of_key(account: User, name: str) -> None:
    """Tell the account's person, after the commit, that a key was made."""
    with override(account.language or None):
        words = _("A key named “%(name)s” was made for your account %(account)s. If you did not expect it, tell us.")
        tell(account, _("A key was made for your account"), words % {"name": name, "account": account})


def tell_of_password(account: User) -> None:
    """Tell the account's person, after the commit, that the password was set."""
    with override(account.language or None):
        words = _("The password of your account %(account)s was set. If you did not expect it, tell us.")
        tell(account, _("The password of your account was set"), words % {"account": account})


def tell(account: User, subject: str, body: str) -> None:
    """Send it after the commit; an account without an address is told nothing."""
    if account.email:
        transaction.on_commit(lambda: sent(account.email, subject, body))


def sent(address: str, subject: str, body: str) -> None:
    """Send it; a mail server that is away undoes nothing."""
    try:
        send_mail(subject, body, None, [address])
    except OSError:
        logger.exception("A mail about the account of %s could not be sent", address)
