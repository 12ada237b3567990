"""The absence of a person on their admin page: an administrator says it for them, or ends it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.absences.forms import AbsenceForm
from accounts.absences.keeping import end_absence
from accounts.absences.reading import absence_of
from accounts.models import User
from accounts.people import signed_in_person

# The buttons of the form.
AWAY, BACK = "away", "back"


def absence_context(person: User) -> dict[str, Any]:
    """Return the person's `absence`, and the form to change it: nothing for a machine or a closed account."""
    if person.is_service or not person.is_active:
        return {}
    absence = absence_of(person)
    return {"absence": absence, "absence_form": AbsenceForm(absence=absence)}


def change_absence(request: HttpRequest, person: User) -> AbsenceForm | None:
    """Do what the pressed button says; return the form if it was refused. Raises AccountRefused."""
    actor = signed_in_person(request)
    if BACK in request.POST:
        end_absence(person, by=actor)
        messages.success(request, _("Nobody stands in for %(account)s any more.") % {"account": person})
        return None
    form = AbsenceForm(request.POST, absence=None)
    if not form.save(person, by=actor):
        return form
    messages.success(request, _("Saved."))
    return None
