"""The form of an absence, on a person's own page and on that of the administrators."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.absences.keeping import set_absence
from accounts.absences.models import Absence
from accounts.models import User
from accounts.rank import AccountRefused

ISO = "%Y-%m-%d"


def day_field(label: Any) -> forms.DateField:
    """Return a field for a day, which browsers show as a calendar."""
    return forms.DateField(label=label, widget=forms.DateInput(format=ISO, attrs={"type": "date"}))


class AbsenceForm(forms.Form):
    """From when until when a person is away, and who stands in."""

    first_day = day_field(_("Away from"))
    last_day = day_field(_("Until, this day included"))
    stand_in = forms.CharField(
        label=_("Who stands in"),
        max_length=150,
        help_text=_("The name with which another person of the same organisation signs in."),
    )

    def __init__(self, data: Any = None, *, absence: Absence | None) -> None:
        names = ("first_day", "last_day", "stand_in")
        initial = {name: getattr(absence, name) for name in names} if absence else None
        super().__init__(data, label_suffix="", initial=initial)

    def save(self, person: User, *, by: User) -> bool:
        """Keep the absence; return False, with the reasons in the form, if it is refused."""
        if not self.is_valid():
            return False
        typed = self.cleaned_data
        try:
            set_absence(person, **{**typed, "stand_in": typed["stand_in"].strip()}, by=by)
        except AccountRefused as error:
            self.add_error(None, str(error))
        return not self.errors
