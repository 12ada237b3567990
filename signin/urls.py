"""Every address of the sign-in. Those with allauth's names are all that exist of allauth's."""

from django.urls import path
from django.views.generic import RedirectView

from signin import factor_views, passkey_views, session_views, views
from signin.adapters import PROVIDER

FACTOR = "preferences/second-factor/"
to_sign_in = RedirectView.as_view(pattern_name="sign-in")
at_provider = {"provider_id": PROVIDER}

urlpatterns = [
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("sign-in/code/", views.SecondFactor.as_view(), name="mfa_authenticate"),
    path("sign-in/sso/", views.start_sso, name="sso"),
    path("sign-in/sso/callback/", views.finish_sso, at_provider, name="openid_connect_callback"),
    path(FACTOR, factor_views.OwnFactors.as_view(), name="second-factor"),
    path(f"{FACTOR}app/", factor_views.SetUpApp.as_view(), name="mfa_activate_totp"),
    path(f"{FACTOR}app/remove/", factor_views.RemoveApp.as_view(), name="mfa_deactivate_totp"),
    path(f"{FACTOR}codes/", factor_views.RecoveryCodes.as_view(), name="mfa_view_recovery_codes"),
    path(f"{FACTOR}codes/new/", factor_views.NewRecoveryCodes.as_view(), name="mfa_generate_recovery_codes"),
    path(f"{FACTOR}passkeys/new/", passkey_views.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path(f"{FACTOR}passkeys/<int:pk>/remove/", passkey_views.RemovePasskey.as_view(), name="mfa_remove_webauthn"),
    path(f"{FACTOR}again/", factor_views.ShowFactorAgain.as_view(), name="mfa_reauthenticate"),
    path("preferences/password/again/", factor_views.ShowPasswordAgain.as_view(), name="account_reauthenticate"),
    path("preferences/sessions/", session_views.OwnSessions.as_view(), name="sessions"),
    path("sign-out-everywhere/", session_views.EverywhereElse.as_view(), name="sign-out-everywhere"),
    path("preferences/sessions/", session_views.OwnSessions.as_view(), name="sessions"),
    path("sign-out-everywhere/", session_views.EverywhereElse.as_view(), name="sign-out-everywhere"),
    # Names by which allauth calls pages of ours.
    path(FACTOR, factor_views.OwnFactors.as_view(), name="mfa_index"),
    path("sign-in/", to_sign_in, name="account_login"),
]
