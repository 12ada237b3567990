"""What sets a password in another way than by the person's own page: a link from a mail, and an administrator."""

import secrets

from django.db import transaction

from accounts.mails import mail_password_set
from accounts.models import User
from accounts.passwords.links import account_of

# Random bytes of a temporary password: 16 characters that nobody guesses.
TEMPORARY_BYTES = 12


def set_password_by_link(token: str, password: str) -> User:
    """Set the password of the link's account, which proves its mail address too; the link ends. Raises LinkNotValid.

    Every session of the account ends with the old password.
    """
    with transaction.atomic():
        account = account_of(token, locked=True)
        account.set_password(password)
        account.must_change_password = False
        account.verified_email = account.email
        account.save(update_fields=["password", "must_change_password", "verified_email"])
        mail_password_set(account)
    return account


def give_temporary_password(account: User) -> str:
    """Give the account a temporary password and return it; it is not stored, so it can be shown only now.

    Its person has to change it before anything else, and is notified by mail. The account's sessions end.
    """
    password = secrets.token_urlsafe(TEMPORARY_BYTES)
    with transaction.atomic():
        account.set_password(password)
        account.save(update_fields=["password"])
        make_password_temporary(account)
        mail_password_set(account)
    return password


def make_password_temporary(account: User) -> None:
    """Have the person change the password, which somebody else has set, before they do anything else."""
    account.must_change_password = True
    account.save(update_fields=["must_change_password"])
