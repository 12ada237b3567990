"""The pages of sign-out and of a person's own preferences and sessions."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LogoutView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.views.generic import UpdateView, View

from accounts.absences.keeping import move_absence
from accounts.absences.reading import absence_of
from accounts.forms import PreferencesForm
from accounts.keys import revoke_key
from accounts.models import ApiKey, User
from accounts.people import signed_in_person
from accounts.sessions import end_session, sessions_of, sign_out_everywhere_else


class StaffSignIn(View):
    """The address to which the admin redirects everybody who may not enter it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Redirect to the sign-in page. Raises PermissionDenied for a signed-in person without a staff role."""
        if request.user.is_authenticated and not request.user.is_staff:
            raise PermissionDenied(_("The admin is for staff. Ask an administrator of Interlock for a staff role."))
        return HttpResponseRedirect(f"{reverse('sign-in')}?{request.GET.urlencode()}")


class SignOut(LogoutView):
    """Sign-out by POST; leads to the sign-in page, and has the browser forget what it keeps of this address."""

    next_page = "sign-in"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Sign out."""
        response: HttpResponse = super().post(request, *args, **kwargs)
        response["Clear-Site-Data"] = '"cache", "storage"'
        return response


class SignOutEverywhere(LoginRequiredMixin, View):
    """Ends the person's sessions in all other browsers; by POST only."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Back to the page of the sessions."""
        sign_out_everywhere_else(request, signed_in_person(request))
        messages.success(request, _("You are signed out in every other browser."))
        return HttpResponseRedirect(reverse("sessions"))


class Preferences(LoginRequiredMixin, UpdateView):  # type: ignore[type-arg]
    """The page of the person's own name, language, time zone and mails."""

    form_class = PreferencesForm
    template_name = "accounts/preferences.html"
    success_url = reverse_lazy("preferences")

    def get_object(self, queryset: object = None) -> User:
        """Return the signed-in person: everybody changes only their own preferences."""
        return signed_in_person(self.request)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the context: the person's absence, whether they have a key, and whether notices on devices are on."""
        person = signed_in_person(self.request)
        has_keys = ApiKey.objects.live().filter(user=person).exists()
        on = {"has_keys": has_keys, "tells_devices": settings.PUSH is not None, "absence": absence_of(person)}
        return {**super().get_context_data(**kwargs), **on}

    def form_valid(self, form: Any) -> HttpResponse:
        """Save the preferences and show a message."""
        response = super().form_valid(form)
        if "time_zone" in form.changed_data:
            move_absence(self.object)
        messages.success(self.request, _("Your preferences are saved."))
        return response


class Sessions(LoginRequiredMixin, View):
    """The page of the browsers in which the person is signed in; each session can be ended."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the page."""
        current = request.session.session_key
        return render(
            request,
            "accounts/sessions.html",
            {"browsers": sessions_of(signed_in_person(request)), "current_key": current},
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        """End the session whose number is sent, and show the page again."""
        number = request.POST.get("session", "")
        if number.isdecimal() and end_session(signed_in_person(request), int(number[:18])):
            messages.success(request, _("That session is ended."))
        else:
            messages.warning(request, _("That session had ended already."))
        return HttpResponseRedirect(reverse("sessions"))


class OwnKeys(LoginRequiredMixin, View):
    """The page of the person's own API keys; each can be revoked."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the page."""
        own = ApiKey.objects.live().filter(user=signed_in_person(request))
        return render(request, "accounts/keys.html", {"keys": own})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Revoke the key whose number is sent, if it is the person's own, and show the page again."""
        number, person = request.POST.get("key", ""), signed_in_person(request)
        key = ApiKey.objects.live().filter(user=person, pk=int(number[:18])).first() if number.isdecimal() else None
        if key is None:
            messages.warning(request, _("That key had ended already."))
        else:
            revoke_key(key, by=person)
            messages.success(request, _("%(key)s is revoked.") % {"key": key})
        return HttpResponseRedirect(reverse("own-keys"))
