"""The pages of a person's organisations: go to another one, see them all, leave one."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.memberships import MembershipRefused, home_of, leave, memberships_of, shown_memberships, switch
from accounts.people import signed_in_person
from accounts.reach import act_for, unlimited


class SwitchOrganisation(LoginRequiredMixin, View):
    """Has the session go on in another organisation of the person; by POST only."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Lead to the first page of that organisation, or back with the reason why not."""
        try:
            account = switch(request, number_in(request.POST.get("to", "")))
        except MembershipRefused as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse("preferences"))
        act_for(account)
        words = _("You are in %(organisation)s now.")
        messages.success(request, words % {"organisation": account.organisation})
        return HttpResponseRedirect(reverse("admin:index") if account.is_staff else "/")


class OwnOrganisations(LoginRequiredMixin, View):
    """The page of the organisations that the person can enter; each but the home account's own can be left."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the page."""
        home = home_of(signed_in_person(request), request.session)
        context: dict[str, Any] = {"accounts": shown_memberships(request), "home": home}
        return render(request, "accounts/organisations.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Leave the organisation of the account whose number is sent, and show the page again."""
        home = home_of(signed_in_person(request), request.session)
        with unlimited():
            account = memberships_of(home).filter(pk=number_in(request.POST.get("leave", ""))).first()
        if home is None or account is None or account.pk in (home, signed_in_person(request).pk):
            messages.warning(request, _("You cannot leave that organisation from here."))
        else:
            leave(home, account)
            messages.success(request, _("You left %(organisation)s.") % {"organisation": account.organisation})
        return HttpResponseRedirect(reverse("own-organisations"))


def number_in(text: str) -> int:
    """Return the number that the text is; 0, which no account has, if it is none."""
    return int(text[:18]) if text.isascii() and text.isdecimal() else 0
