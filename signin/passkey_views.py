"""The pages of a person's passkeys: add one, take one away."""

from typing import Any

from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from accounts.people import signed_in_person
from signin.adapters import FactorAdapter
from signin.factors import note_set_up


class AddPasskey(LoginRequiredMixin, AddWebAuthnView):  # type: ignore[misc]
    """The page that adds a passkey; then every other browser is signed out."""

    template_name = "accounts/passkey_new.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Store the passkey and end what was begun without it."""
        response: HttpResponse = super().form_valid(form)
        note_set_up(self.request, signed_in_person(self.request))
        messages.success(
            self.request, _("Your passkey is added. Keep the recovery codes: each works once, without it.")
        )
        return response


class RemovePasskey(LoginRequiredMixin, RemoveWebAuthnView):  # type: ignore[misc]
    """The page that takes a passkey away, unless the person has to have it."""

    template_name = "accounts/passkey_removed.html"
    success_url = reverse_lazy("second-factor")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take the passkey away, or say that it is needed."""
        if not FactorAdapter().can_delete_authenticator(self.get_object()):
            self.object = self.get_object()
            return self.render_to_response(self.get_context_data(refused=True), status=409)  # type: ignore[no-any-return]
        response: HttpResponse = super().post(request, *args, **kwargs)
        messages.success(request, _("Your passkey is removed."))
        return response
