"""The paths of sign-in, sign-out and preferences."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("sign-out/", views.SignOut.as_view(), name="sign-out"),
    path("sign-out-everywhere/", views.SignOutEverywhere.as_view(), name="sign-out-everywhere"),
    path("admin/login/", views.StaffSignIn.as_view()),
    path("preferences/password/", views.ChangePassword.as_view(), name="change-password"),
    path("preferences/", views.Preferences.as_view(), name="preferences"),
]
