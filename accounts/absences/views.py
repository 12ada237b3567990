"""The page on which a person says when they are away and who stands in."""

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.absences.forms import AbsenceForm
from accounts.absences.keeping import end_absence
from accounts.absences.reading import absence_of, stood_in_for
from accounts.people import signed_in_person


class Away(LoginRequiredMixin, View):
    """The person's absence, and for whom they stand in."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the page."""
        return self.page(request, AbsenceForm(absence=absence_of(signed_in_person(request))))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep what was typed, or end the absence, and show the page again."""
        person = signed_in_person(request)
        if "back" in request.POST:
            end_absence(person, by=person)
            messages.success(request, _("Nobody stands in for you any more: everything open waits for you alone."))
            return HttpResponseRedirect(reverse("away"))
        form = AbsenceForm(request.POST, absence=None)
        if not form.save(person, by=person):
            return self.page(request, form)
        messages.success(request, _("Your absence is saved."))
        return HttpResponseRedirect(reverse("away"))

    def page(self, request: HttpRequest, form: AbsenceForm) -> HttpResponse:
        """Return the page with this form."""
        person = signed_in_person(request)
        context = {"form": form, "forms": [form], "absence": absence_of(person), "stood_in_for": stood_in_for(person)}
        return render(request, "accounts/away.html", context)
