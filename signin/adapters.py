"""What django-allauth asks of an installation: each of its adapters, with the answers of Interlock."""

import base64
import logging
import time
from functools import partial
from typing import Any

import requests
from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.attempts import SignInRefused
from accounts.models import User
from accounts.required_steps import BY_PROVIDER, needs_second_factor
from encryption.cipher import KEY_BYTES, decrypted, encrypted
from encryption.errors import CannotOpen
from signin.arrivals import ArrivalRefused, arrive
from signin.claims import Claims, ClaimsContradict, read_claims
from signin.discovery import DiscoverySession
from signin.factors import FACTORS
from signin.refusals import sso_refused

logger = logging.getLogger(__name__)

PROVIDER, PROTOCOL = "sso", "openid_connect"
# What secrets of second factors are bound to, so that nothing else that is encrypted opens in their place.
PLACE = b"interlock second factors"
# allauth's names of what a person has shown → the words in the audit log.
WAYS = {"password": "password", "socialaccount": "single sign-on", "totp": "code", "recovery_codes": "recovery code"}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Signs people in: with words for the audit log, and without allauth's own messages, sign-up and limits."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: an account is made by an administrator or by the single sign-on."""
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Show none of allauth's messages; our pages have their own."""

    def login(self, request: HttpRequest, user: User) -> None:
        """Begin the session of a person who has shown all that is asked of them."""
        shown = get_authentication_records(request, user)
        names = dict.fromkeys(str(record.get("type", record["method"])) for record in shown)
        request.signed_in_with = ", ".join(WAYS.get(name, name) for name in names)  # type: ignore[attr-defined]
        super().login(request, user)
        if "socialaccount" in names:
            request.session[BY_PROVIDER] = True

    def reauthenticate(self, user: User, password: str) -> bool:
        """Return True if it is the person's password; counted as at a sign-in. Raises ValidationError."""
        try:
            return authenticate(context.request, username=user.get_username(), password=password) is not None
        except SignInRefused as error:
            raise ValidationError(str(error)) from error

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Return False for who has shown in the last minutes who they are: with the second factor, if they have one."""
        user = context.request.user
        shown = [record for record in get_authentication_records(context.request, user) if counts(record, user)]
        return not shown or time.time() - shown[-1]["at"] >= app_settings.REAUTHENTICATION_TIMEOUT

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Return the one way to show again who one is: the second factor, or the password, or the single sign-on."""
        name = "mfa_reauthenticate" if user.has_second_factor else "account_reauthenticate"
        if not user.has_second_factor and not user.has_usable_password():
            name = "sso"
        return [{"id": name, "description": "", "url": reverse(name)}]

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Return the page for a deactivated account."""
        return sso_refused(request, _("Your account is deactivated. Ask an administrator of Interlock."))


def counts(record: dict[str, Any], user: Any) -> bool:
    """Return True if what the record says was shown is enough for a change of the person's second factor."""
    return record.get("method") == "mfa" or not user.has_second_factor


class SingleSignOnAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """The one provider of the environment, and whose account it is when somebody comes from there."""

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        """Return the provider of the settings; nothing is stored in the database."""
        sso = settings.SIGN_IN.sso
        if sso is None:
            return []
        known = {"server_url": sso.issuer, "oauth_pkce_enabled": True, "scope": sso.scopes.split()}
        app = SocialApp(
            provider=PROTOCOL,
            provider_id=PROVIDER,
            name=sso.name,
            client_id=sso.client_id,
            secret=sso.client_secret,
            settings=known,
        )
        return [app]

    def get_requests_session(self) -> requests.Session:
        """Return the HTTP client for calls of the provider."""
        return DiscoverySession()

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find or make the account, with its roles, before allauth signs it in. Raises ImmediateHttpResponse."""
        sso = settings.SIGN_IN.sso
        assert sso is not None
        said = sociallogin.account.extra_data
        # What the provider says is used now, and not kept.
        sociallogin.account.extra_data = {}
        if sociallogin.is_existing:
            sociallogin.account.save(update_fields=["extra_data"])
        try:
            claims = read_claims(said, sso.groups_claim)
        except ClaimsContradict as error:
            words = _("The single sign-on did not let you in, or took too long. Try again.")
            raise ImmediateHttpResponse(sso_refused(request, words)) from error
        try:
            known = sociallogin.user if sociallogin.is_existing else None
            sociallogin.user = arrive(claims, sso, known, partial(sociallogin.connect, request))
        except ArrivalRefused as error:
            raise refused(request, claims, str(error)) from error
        except IntegrityError as error:  # the same person, or name, at the same moment
            raise refused(request, claims, _("Somebody else was faster. Sign in again.")) from error

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Exception | None = None, **kwargs: Any
    ) -> None:
        """Answer a sign-in that the provider refused or the person gave up; log why. Raises ImmediateHttpResponse."""
        # The kind of the exception alone: its text may hold what the provider answered.
        logger.warning("A sign-in at the OpenID provider failed: %s, %s", error, type(exception).__name__)
        words = _("The single sign-on did not let you in, or took too long. Try again.")
        raise ImmediateHttpResponse(sso_refused(request, words))


def refused(request: HttpRequest, claims: Claims, words: str) -> ImmediateHttpResponse:
    """Record the failed sign-in and return the answer that says why, as an exception."""
    user_login_failed.send(sender=__name__, credentials={"username": claims.name}, request=request)
    return ImmediateHttpResponse(sso_refused(request, words))


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors: their secrets are stored encrypted, and a required one cannot be taken away."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": gettext_lazy("Your role needs a second factor, and this is your last one."),
        "incorrect_code": gettext_lazy("This code is wrong, or was used already."),
    }

    def encrypt(self, text: str) -> str:
        """Return the secret as it is stored."""
        return base64.b64encode(encrypted(key_of_secrets(), text.encode(), PLACE)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret. Raises PermissionDenied if it was stored with another SECRET_KEY."""
        try:
            return decrypted(key_of_secrets(), base64.b64decode(encrypted_text), PLACE).decode()
        except (CannotOpen, ValueError) as error:  # ValueError: it is no base64
            words = _("Your second factor cannot be read any more. Ask an administrator of Interlock to reset it.")
            raise PermissionDenied(words) from error

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Return False for the last second factor of a person who has to have one."""
        others = Authenticator.objects.filter(user=authenticator.user_id, type__in=FACTORS).exclude(pk=authenticator.pk)
        without = User(is_staff=authenticator.user.is_staff, has_second_factor=False)
        return others.exists() or not needs_second_factor(without)


def key_of_secrets() -> bytes:
    """Return the key under which secrets of second factors are stored; it follows from SECRET_KEY."""
    derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=PLACE)
    return derived.derive(settings.SECRET_KEY.encode())
