"""One-time codes: checked under a lock, so that each works once, and counted like passwords."""

from hmac import compare_digest
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_login_failed
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.http import HttpRequest

from accounts.attempts import Attempt, count, forget
from accounts.audit import address_of
from accounts.mails import mail_second_factor
from accounts.models import User
from accounts.sessions import sign_out_everywhere_else
from signin.totp import code_at, counter_now

TOTP, RECOVERY_CODES = Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES
# The kinds that make a second factor; recovery codes only stand in for one.
FACTORS = (TOTP, Authenticator.Type.WEBAUTHN)
# A clock may be wrong by this many periods of 30 seconds.
TOLERANCE = 1
LAST_COUNTER = "last_counter"


class WrongCode(Exception):
    """The code is wrong, or was used already."""


def accept_code(request: HttpRequest, account: User, code: str) -> Authenticator:
    """Return the factor to which the code belongs; it works no second time. Raises WrongCode or SignInRefused.

    A wrong code counts as a failed sign-in of the account, and too many make it wait. They are counted apart from wrong
    passwords: otherwise who knows the password could type it after each guess, and guess without end.
    """
    attempt = Attempt.of(account.username, address_of(request), on="code")
    count(attempt)
    factor = used_factor(account, code)
    if factor is None:
        user_login_failed.send(sender=__name__, credentials={"username": account.username}, request=request)
        raise WrongCode
    forget(attempt)
    return factor


def used_factor(account: User, code: str) -> Authenticator | None:
    """Return the factor that accepts the code, which is spent by that; None if none does."""
    with transaction.atomic():
        factors = Authenticator.objects.select_for_update().filter(user=account, type__in=(TOTP, RECOVERY_CODES))
        return next((factor for factor in factors.order_by("-type") if spends(factor, code)), None)


def spends(factor: Authenticator, code: str) -> bool:
    """Return True if the code is right for the factor, and note that it is spent."""
    if factor.type == RECOVERY_CODES:
        return bool(factor.wrap().validate_code(code))
    now, last = counter_now(), factor.data.get(LAST_COUNTER, 0)
    secret = get_adapter().decrypt(factor.data["secret"])
    for counter in range(max(last + 1, now - TOLERANCE), now + TOLERANCE + 1):
        if compare_digest(code_at(secret, counter).encode(), code.encode()):
            factor.data[LAST_COUNTER] = counter
            factor.save(update_fields=["data"])
            return True
    return False


def note_set_up(request: HttpRequest, account: User) -> None:
    """Note that the person has just shown the factor that they set up; every other browser is signed out."""
    record_authentication(request, account, "mfa", reauthenticated=True)
    sign_out_everywhere_else(request, account)


def connect_receivers() -> None:
    """Keep the accounts in step with their factors, whichever way one is added or taken away."""
    post_save.connect(note_saved, sender=Authenticator, dispatch_uid="signin.saved")
    post_delete.connect(note_deleted, sender=Authenticator, dispatch_uid="signin.deleted")


def note_saved(sender: Any, instance: Authenticator, created: bool, **sent: Any) -> None:
    """Note on the account that a factor was added."""
    if created:
        update_standing(instance.user)


def note_deleted(sender: Any, instance: Authenticator, **sent: Any) -> None:
    """Note on the account that a factor was taken away."""
    update_standing(instance.user)


def update_standing(account: User) -> None:
    """Bring `has_second_factor` of the account in step with its factors; the audit log and a mail tell of a change."""
    has_factor = Authenticator.objects.filter(user=account, type__in=FACTORS).exists()
    if account.has_second_factor != has_factor:
        account.has_second_factor = has_factor
        account.save(update_fields=["has_second_factor"])
        mail_second_factor(account)
