"""The forms of one-time codes: a wrong code counts as a failed sign-in."""

from typing import Any

from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.attempts import SignInRefused
from signin.factors import WrongCode, accept_code

LONGEST_CODE = 32


def code_field(help_text: Any) -> forms.CharField:
    """Return a field for a code."""
    typing = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
    return forms.CharField(
        label=_("Code"), max_length=LONGEST_CODE, widget=forms.TextInput(attrs=typing), help_text=help_text
    )


class CountedCode(forms.Form):
    """The check of a code; `refused` says that it was not looked at, since too many attempts failed before."""

    refused = False
    authenticator: Any
    user: Any

    code = code_field(_("The six digits that your app shows, or one of your recovery codes."))

    def clean_code(self) -> str:
        """Return the code, which is spent now. Raises ValidationError."""
        code = "".join(self.cleaned_data["code"].split())
        try:
            self.authenticator = accept_code(context.request, self.user, code)
        except SignInRefused as error:
            self.refused = True
            raise forms.ValidationError(str(error)) from error
        except WrongCode as error:
            raise forms.ValidationError(_("This code is wrong, or was used already.")) from error
        return code


class CodeForm(CountedCode, AuthenticateForm):  # type: ignore[misc]
    """The code that completes a sign-in."""


class CodeAgainForm(CountedCode, ReauthenticateForm):  # type: ignore[misc]
    """The code that a person shows again before they change their second factor."""


class FirstCodeForm(ActivateTOTPForm):  # type: ignore[misc]
    """The first code of an app that is being set up."""

    code = code_field(_("The six digits that the app shows now."))
