"""The forms of signing in and of a person's own preferences."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

from accounts.attempts import SignInRefused
from accounts.models import User
from accounts.preferences import known_zones


class SignInForm(AuthenticationForm):
    """Name and password. `refused` says that the password was not looked at, since too many failed before."""

    refused = False

    def clean(self) -> dict[str, Any]:
        """Check name and password. Raises ValidationError with what to do."""
        try:
            return super().clean()
        except SignInRefused as error:
            self.refused = True
            raise forms.ValidationError(str(error)) from None


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name, language, time zone and mails; an empty language or zone means that of the browser.

    The name of somebody whom a directory keeps (SCIM) is changed there: here it would be overwritten.
    """

    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)

    class Meta:
        model = User
        fields = ["first_name", "last_name", "language", "time_zone", "gets_mails"]
        labels = {
            "first_name": _("First name"),
            "last_name": _("Last name"),
            "language": _("Language"),
            "gets_mails": _("Mail me when a question waits for me"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        as_browser = ("", _("As my browser says"))
        self.fields["time_zone"].choices = [as_browser, *((zone, zone) for zone in sorted(known_zones()))]  # type: ignore[attr-defined]
        self.fields["language"].choices = [as_browser, *self.fields["language"].choices[1:]]  # type: ignore[attr-defined]
        for name in ("first_name", "last_name"):
            self.fields[name].disabled = bool(self.instance.external_id)
