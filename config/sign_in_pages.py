"""Settings of django-allauth, which does the protocols of the sign-in. `signin/__init__.py` says what is its part."""

import sys
from typing import Any

from environment.process_kind import serves_pages
from environment.sign_in import sign_in_settings as sign_in_settings

# Processes in the background show no page: allauth would take memory of each, for nothing.
ALLAUTH = ("allauth.account", "allauth.socialaccount", "allauth.socialaccount.providers.openid_connect", "allauth.mfa")
HAS_PAGES = serves_pages(sys.argv)
APPS = ["signin", *(("allauth", *ALLAUTH) if HAS_PAGES else ())]
# The second of them knows the request whose sign-in goes on.
OF_ALLAUTH = ["allauth.account.middleware.AccountMiddleware"]
MIDDLEWARE = ["accounts.required_steps.RequiredSteps", *(OF_ALLAUTH if HAS_PAGES else ())]
SETTINGS: dict[str, Any] = {
    "ACCOUNT_ADAPTER": "signin.adapters.AccountAdapter",
    "SOCIALACCOUNT_ADAPTER": "signin.adapters.SingleSignOnAdapter",
    "MFA_ADAPTER": "signin.adapters.FactorAdapter",
    # People sign in with the name of their account. Attempts are counted by `accounts.attempts`, in the database.
    "ACCOUNT_LOGIN_METHODS": {"username"},
    "ACCOUNT_SIGNUP_FIELDS": ["username*", "password1*"],
    "ACCOUNT_RATE_LIMITS": False,
    # An address is verified by a link to a new password, or by the provider.
    "ACCOUNT_EMAIL_VERIFICATION": "none",
    # The Content-Security-Policy lets no form lead to another site, so a link begins the single sign-on.
    "SOCIALACCOUNT_LOGIN_ON_GET": True,
    "SOCIALACCOUNT_STORE_TOKENS": False,
    "MFA_SUPPORTED_TYPES": ["totp", "webauthn", "recovery_codes"],
    "MFA_TOTP_ISSUER": "Interlock",
    # A clock may be 30 seconds wrong.
    "MFA_TOTP_TOLERANCE": 1,
    "MFA_FORMS": {"authenticate": "signin.forms.CodeForm", "reauthenticate": "signin.forms.CodeAgainForm"},
}
