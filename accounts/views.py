"""The pages of sign-in, sign-out and a person's own preferences."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.views.generic import UpdateView, View

from accounts.forms import OwnPasswordForm, PreferencesForm, SignInForm
from accounts.models import User
from accounts.people import signed_in_person
from accounts.sessions import sign_out_everywhere_else
from accounts.signing_in_again import page_with_typed_text
from accounts.typed_text import TypedText


class SignIn(LoginView):
    """The sign-in page with name and password, for staff and requesters."""

    form_class = SignInForm
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in and redirect to the page asked for; first give back typed text if it is of this account."""
        response = super().form_valid(form)
        typed = TypedText.packed_in(self.request)
        if typed is None:
            return response
        if typed.is_of(self.request.user):
            return page_with_typed_text(self.request, typed)
        words = _("What was typed before belongs to another account, so it was left out. Nothing was sent.")
        messages.warning(self.request, words)
        return HttpResponseRedirect("/")

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Return the form with what is wrong; 429 if the password was not looked at."""
        response = super().form_invalid(form)
        if isinstance(form, SignInForm) and form.refused:
            response.status_code = 429
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the context with the typed text, which stays in the form until the sign-in succeeds."""
        return {**super().get_context_data(**kwargs), "typed": TypedText.packed_in(self.request)}


class StaffSignIn(View):
    """The address to which the admin redirects everybody who may not enter it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Redirect to the sign-in page. Raises PermissionDenied for a signed-in person without a staff role."""
        if request.user.is_authenticated and not request.user.is_staff:
            raise PermissionDenied(_("The admin is for staff. Ask an administrator of Interlock for a staff role."))
        return HttpResponseRedirect(f"{reverse('sign-in')}?{request.GET.urlencode()}")


class SignOut(LogoutView):
    """Sign-out by POST; leads to the sign-in page."""

    next_page = "sign-in"


class SignOutEverywhere(LoginRequiredMixin, View):
    """Ends the person's sessions in all other browsers; by POST only."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Back to the preferences."""
        sign_out_everywhere_else(request, signed_in_person(request))
        messages.success(request, _("You are signed out in every other browser."))
        return HttpResponseRedirect(reverse("preferences"))


class Preferences(LoginRequiredMixin, UpdateView):  # type: ignore[type-arg]
    """The page of the person's own language and time zone."""

    form_class = PreferencesForm
    template_name = "accounts/preferences.html"
    success_url = reverse_lazy("preferences")

    def get_object(self, queryset: object = None) -> User:
        """Return the signed-in person: everybody changes only their own preferences."""
        return signed_in_person(self.request)

    def form_valid(self, form: Any) -> HttpResponse:
        """Save the preferences and show a message."""
        response = super().form_valid(form)
        messages.success(self.request, _("Your preferences are saved."))
        return response


class ChangePassword(LoginRequiredMixin, PasswordChangeView):
    """The page of the person's own password; the sessions in other browsers end with the old one."""

    form_class = OwnPasswordForm
    template_name = "accounts/password.html"
    success_url = reverse_lazy("preferences")

    def form_valid(self, form: Any) -> HttpResponse:
        """Save the password and show a message."""
        response = super().form_valid(form)
        messages.success(self.request, _("Your password is changed."))
        return response
