"""What sets a password in another way than by the person's own page: a link from a mail, and an administrator."""

from django.db import transaction

from accounts.mails import mail_password_set
from accounts.models import User
from accounts.passwords.links import account_of


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


def make_password_temporary(account: User) -> None:
    """Have the person change the password, which somebody else has set, before they do anything else."""
    account.must_change_password = True
    account.save(update_fields=["must_change_password"])
