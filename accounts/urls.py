"""The paths of sign-out, passwords, sessions and preferences; those of the sign-in are in `signin`."""

from django.urls import path

from accounts import views
from accounts.passwords.views import ChangePassword, ChoosePassword, ForgottenPassword

urlpatterns = [
    path("sign-out/", views.SignOut.as_view(), name="sign-out"),
    path("sign-out-everywhere/", views.SignOutEverywhere.as_view(), name="sign-out-everywhere"),
    path("sign-in/forgotten/", ForgottenPassword.as_view(), name="forgotten-password"),
    path("new-password/<str:token>/", ChoosePassword.as_view(), name="choose-password"),
    path("admin/login/", views.StaffSignIn.as_view()),
    path("preferences/password/", ChangePassword.as_view(), name="change-password"),
    path("preferences/sessions/", views.Sessions.as_view(), name="sessions"),
    path("preferences/keys/", views.OwnKeys.as_view(), name="own-keys"),
    path("preferences/", views.Preferences.as_view(), name="preferences"),
]
