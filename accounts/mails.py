"""Mails to people about changes of their own accounts, so that nobody can act in their name unnoticed."""

import logging

from django.core.mail import send_mail
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import User

logger = logging.getLogger(__name__)


def mail_key_made(account: User, name: str) -> None:
    """Mail the person of the account, after the commit, that a key was made for it."""
    with override(account.language or None):
        words = _("A key named “%(name)s” was made for your account %(account)s. If you did not expect it, tell us.")
        mail_after_commit(account, _("A key was made for your account"), words % {"name": name, "account": account})


def mail_password_set(account: User) -> None:
    """Mail the person of the account, after the commit, that its password was set."""
    with override(account.language or None):
        words = _("The password of your account %(account)s was set. If you did not expect it, tell us.")
        mail_after_commit(account, _("The password of your account was set"), words % {"account": account})


def mail_second_factor(account: User) -> None:
    """Mail the person of the account, after the commit, that a second factor was set up or taken away."""
    with override(account.language or None):
        words = _("A second factor was set up for your account %(account)s. If you did not expect it, tell us.")
        if not account.has_second_factor:
            words = _(
                "The second factor of your account %(account)s was taken away. If you did not expect it, tell us."
            )
        mail_after_commit(account, _("The second factor of your account was changed"), words % {"account": account})


def mail_after_commit(account: User, subject: str, body: str) -> None:
    """Send the mail after the commit; an account without a mail address gets none."""
    if account.email:
        transaction.on_commit(lambda: mail_now(account.email, subject, body))


def mail_now(address: str, subject: str, body: str) -> None:
    """Send the mail; if the mail server is not available, only log that."""
    try:
        send_mail(subject, body, None, [address])
    except OSError:
        logger.exception("A mail about the account of %s could not be sent", address)
