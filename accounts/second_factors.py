"""Taking a lost second factor away, for those who may act on the account."""

from django.apps import apps
from django.db import transaction

from accounts.models import User
from accounts.rank import require_may_manage
from accounts.sessions import sign_out_everywhere


def reset_second_factor(account: User, *, by: User | None = None) -> bool:
    """Delete every second factor of the account and end its sessions; False if it has none.

    `by` is the acting person, None at the command line. Raises AccountRefused.
    """
    require_may_manage(by, account)
    with transaction.atomic():
        # The model is django-allauth's, which this room does not know; receivers bring the account in step.
        deleted, _models = apps.get_model("mfa", "Authenticator").objects.filter(user=account).delete()
        if deleted:
            account.refresh_from_db()
            sign_out_everywhere(account)
    return bool(deleted)
