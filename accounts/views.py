"""Signing in and out, and one's own preferences."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.views.generic import UpdateView, View

from accounts.forms import PreferencesForm
from accounts.models import User
from accounts.people import person
from accounts.sessions import sign_out_everywhere_else
from accounts.signing_in_again import typed_again
from accounts.typed_text import TypedText


class SignIn(LoginView):
    """Name and password; staff and requesters alike."""

    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """To where the person was going; with what they typed there before, if the page was theirs."""
        response = super().form_valid(form)
        typed = TypedText.packed_in(self.request)
        if typed is None:
            return response
        if typed.is_of(self.request.user):
            return typed_again(self.request, typed)
        words = _("What was typed before belongs to another account, so it was left out. Nothing was sent.")
        messages.warning(self.request, words)
        return HttpResponseRedirect("/")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With what was typed before; it goes along until somebody has signed in."""
        return {**super().get_context_data(**kwargs), "typed": TypedText.packed_in(self.request)}


class StaffSignIn(View):
    """Where the admin sends those who may not enter: to sign in, or to be told that they may not."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The one sign-in page; a person without a staff role is told so."""
        if request.user.is_authenticated and not request.user.is_staff:
            raise PermissionDenied(_("The admin is for staff. Ask an administrator of Interlock for a staff role."))
        return HttpResponseRedirect(f"{reverse('sign-in')}?{request.GET.urlencode()}")


class SignOut(LogoutView):
    """Back to the sign-in page; by POST only."""

    next_page = "sign-in"


class SignOutEverywhere(LoginRequiredMixin, View):
    """Ends the person's sessions in all other browsers; by POST only."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Back to the preferences."""
        sign_out_everywhere_else(request, person(request))
        messages.success(request, _("You are signed out in every other browser."))
        return HttpResponseRedirect(reverse("preferences"))


class Preferences(LoginRequiredMixin, UpdateView):  # type: ignore[type-arg]
    """The person's own language and time zone."""

    form_class = PreferencesForm
    template_name = "accounts/preferences.html"
    success_url = reverse_lazy("preferences")

    def get_object(self, queryset: object = None) -> User:
        """Nobody's preferences but one's own."""
        return person(self.request)

    def form_valid(self, form: Any) -> HttpResponse:
        """Kept; the message is in the language chosen."""
        response = super().form_valid(form)
        messages.success(self.request, _("Your preferences are kept."))
        return response
