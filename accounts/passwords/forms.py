"""The forms of forgotten, first and changed passwords."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import PasswordChangeForm
from django.utils.translation import gettext_lazy as _

from accounts.attempts import SignInRefused
from accounts.audit import current_request


class ForgottenForm(forms.Form):
    """The mail address of an account whose password is forgotten."""

    address = forms.EmailField(
        label=_("Mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


class OwnPasswordForm(PasswordChangeForm):
    """A new password for oneself. The old one is checked as at a sign-in, so that who guesses it waits."""

    def clean_old_password(self) -> str:
        """Return the old password. Raises ValidationError if it is wrong or must not be tried now."""
        old: str = self.cleaned_data["old_password"]
        try:
            found = authenticate(current_request.get(), username=self.user.get_username(), password=old)
        except SignInRefused as error:
            raise forms.ValidationError(str(error)) from None
        if found is None:
            raise forms.ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return old

    def clean(self) -> dict[str, Any]:
        """Return the values. Raises ValidationError for a new password that is the old one."""
        typed = super().clean() or self.cleaned_data
        if typed.get("old_password") and typed.get("old_password") == typed.get("new_password1"):
            self.add_error("new_password1", _("Choose another password than the one you have."))
        return typed

    def save(self, commit: bool = True) -> Any:
        """Save the password, which is the person's own from now on."""
        self.user.must_change_password = False
        return super().save(commit)
