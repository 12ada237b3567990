"""Settings of django-allauth, which does the protocols of the sign-in. `signin/__init__.py` says what is its part."""

from typing import Any

APPS = [
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
]
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
