"""The pages of a person's own second factor: look at it, set it up, take it away, show it again."""

from typing import Any

from allauth.account.views import ReauthenticateView as PasswordAgain
from allauth.mfa.base.views import IndexView
from allauth.mfa.base.views import ReauthenticateView as FactorAgain
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.people import signed_in_person
from accounts.required_steps import needs_second_factor
from signin.factors import RECOVERY_CODES, note_set_up, used_factor
from signin.forms import CodeAgainForm, FirstCodeForm


class OwnFactors(IndexView):  # type: ignore[misc]
    """The page of the person's second factor."""

    template_name = "accounts/second_factor.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the context; `must` says that the person can do nothing else before."""
        context = super().get_context_data(**kwargs)
        codes = context["authenticators"].get(RECOVERY_CODES)
        unused = len(codes.get_unused_codes()) if codes else 0
        return {**context, "must": needs_second_factor(signed_in_person(self.request)), "unused_codes": unused}


class SetUpApp(LoginRequiredMixin, ActivateTOTPView):  # type: ignore[misc]
    """The page that sets up an app for codes; then every other browser is signed out."""

    template_name = "accounts/second_factor_app.html"

    def get_form_class(self) -> type[FirstCodeForm]:
        """Return our form."""
        return FirstCodeForm

    def form_valid(self, form: Any) -> HttpResponse:
        """Store the app, for which the typed code is spent; end what was begun without it; show the recovery codes."""
        response: HttpResponse = super().form_valid(form)
        account = signed_in_person(self.request)
        used_factor(account, form.cleaned_data["code"])
        note_set_up(self.request, account)
        messages.success(
            self.request, _("Your app is set up. Keep the recovery codes: each works once, without the app.")
        )
        return response


class RemoveApp(LoginRequiredMixin, DeactivateTOTPView):  # type: ignore[misc]
    """The page that takes the app away."""

    template_name = "accounts/second_factor_removed.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Delete the app and say so."""
        response: HttpResponse = super().form_valid(form)
        messages.success(self.request, _("Your app is removed."))
        return response


class RecoveryCodes(ViewRecoveryCodesView):  # type: ignore[misc]
    """The page of the recovery codes that were not used."""

    template_name = "accounts/recovery_codes.html"


class NewRecoveryCodes(LoginRequiredMixin, GenerateRecoveryCodesView):  # type: ignore[misc]
    """The page that makes new recovery codes in place of the old ones."""

    template_name = "accounts/recovery_codes_new.html"


class ShowPasswordAgain(PasswordAgain):  # type: ignore[misc]
    """The page that asks for the password before a change; who has a second factor is asked for that."""

    template_name = "accounts/again.html"
    extra_context = {"heading": gettext_lazy("Your password again")}


class ShowFactorAgain(FactorAgain):  # type: ignore[misc]
    """The page that asks for the second factor before a change."""

    template_name = "accounts/again.html"
    extra_context = {"heading": gettext_lazy("Your second factor again")}

    def get_form_class(self) -> type[CodeAgainForm]:
        """Return the form whose codes are counted."""
        return CodeAgainForm
