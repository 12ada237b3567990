"""The addresses of the sign-in: those of django-allauth that exist are named here, each with what it is for."""

from importlib import import_module
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.exceptions import NoReverseMatch

pytestmark = pytest.mark.django_db

# allauth's address → what it is for here.
KEPT = {
    "account_login": "allauth's name for our sign-in page",
    "account_reauthenticate": "the password again, before a second factor is set up",
    "mfa_activate_totp": "sets up an app for codes",
    "mfa_add_webauthn": "adds a passkey",
    "mfa_authenticate": "asks for the second factor",
    "mfa_deactivate_totp": "takes the app away",
    "mfa_generate_recovery_codes": "makes new recovery codes",
    "mfa_index": "allauth's name for our page of the second factor",
    "mfa_reauthenticate": "the second factor again, before it is changed",
    "mfa_remove_webauthn": "takes a passkey away",
    "mfa_view_recovery_codes": "shows the recovery codes",
    "openid_connect_callback": "where the provider sends people back",
}
# allauth's address → why there is none here.
LEFT_OUT = {
    "account_change_password": "our own page counts wrong passwords",
    "account_confirm_reauthentication_code": "no code by mail stands in for the password",
    "account_confirm_login_code": "nobody signs in with a code alone",
    "account_confirm_email": "an address is verified by a link to a new password",
    "account_email": "an administrator keeps the address",
    "account_email_verification_sent": "no address is verified in this way",
    "account_inactive": "the sign-in page says so",
    "account_logout": "our own page signs out",
    "account_request_reauthentication_code": "no code by mail stands in for the password",
    "account_reset_password": "our own page answers the same for every address",
    "account_reset_password_done": "as above",
    "account_reset_password_from_key": "as above",
    "account_reset_password_from_key_done": "as above",
    "account_set_password": "who comes from the single sign-on has no password here",
    "account_signup": "nobody makes an account for themselves",
    "mfa_download_recovery_codes": "the page of the codes can be printed",
    "mfa_edit_webauthn": "a passkey is removed and added again",
    "mfa_list_webauthn": "our page of the second factor lists them",
    "mfa_reauthenticate_webauthn": "a passkey is shown on the page for both",
    "openid_connect_login": "our own address begins the single sign-on",
    "socialaccount_connections": "an account is linked by its address alone, if a setting allows it",
    "socialaccount_login_cancelled": "our own page says so",
    "socialaccount_login_error": "our own page says so",
    "socialaccount_signup": "an account is made without a question",
}


def named(patterns: Any) -> set[str]:
    """The names of these addresses, and of those below them."""
    names: set[str] = set()
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            names |= named(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name:
            names.add(str(pattern.name))
    return names


def names_of_allauth() -> set[str]:
    """The names of every address that allauth's own lists would add."""
    own = import_module("allauth.urls").urlpatterns
    provider = import_module("allauth.socialaccount.providers.openid_connect.urls").urlpatterns
    return named(own) | named(provider)


def test_every_address_of_allauth_is_kept_for_a_reason_or_left_out_for_one() -> None:
    assert names_of_allauth() == KEPT.keys() | LEFT_OUT.keys()


def test_those_left_out_do_not_exist() -> None:
    ours = named(get_resolver().url_patterns)
    assert ours & names_of_allauth() == KEPT.keys()
    for name in LEFT_OUT:
        with pytest.raises(NoReverseMatch):
            reverse(name)


def test_allauths_own_lists_are_not_included() -> None:
    for path in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/accounts/2fa/"):
        assert Client().get(path).status_code == 404


def test_no_table_of_allauth_has_pages_in_the_admin() -> None:
    labels = {model._meta.app_label for model in admin.site._registry}
    assert labels & {"account", "socialaccount", "mfa"} == set()
