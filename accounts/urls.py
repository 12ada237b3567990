"""The paths of sign-out, passwords and preferences; those of the sign-in and of sessions are in `signin`."""

from django.urls import path

from accounts import membership_views, views
from accounts.absences.views import Away
from accounts.passwords.views import ChangePassword, ChoosePassword, ForgottenPassword

urlpatterns = [
    path("sign-out/", views.SignOut.as_view(), name="sign-out"),
    path("sign-in/forgotten/", ForgottenPassword.as_view(), name="forgotten-password"),
    path("new-password/<str:token>/", ChoosePassword.as_view(), name="choose-password"),
    path("admin/login/", views.StaffSignIn.as_view()),
    path("preferences/password/", ChangePassword.as_view(), name="change-password"),
    path("preferences/organisations/", membership_views.OwnOrganisations.as_view(), name="own-organisations"),
    path("organisation/", membership_views.SwitchOrganisation.as_view(), name="switch-organisation"),
    path("preferences/away/", Away.as_view(), name="away"),
    path("preferences/keys/", views.OwnKeys.as_view(), name="own-keys"),
    path("preferences/", views.Preferences.as_view(), name="preferences"),
]
