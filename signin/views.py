"""The pages of the sign-in: name and password, the second factor, and the single sign-on."""

from typing import Any

import requests
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.mfa.base.views import AuthenticateView
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.forms import SignInForm
from accounts.signing_in_again import page_with_typed_text
from accounts.typed_text import TypedText
from signin.adapters import PROVIDER
from signin.discovery import place_for_call
from signin.forms import CodeForm
from signin.id_tokens import VerifiedTokens
from signin.refusals import sso_refused


class SignIn(LoginView):
    """The sign-in page with name and password, for staff and requesters."""

    form_class = SignInForm
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in, or ask for the second factor."""
        user: Any = form.get_user()
        login = Login(user=user, redirect_url=self.get_success_url())
        return go_on(self.request, perform_password_login(self.request, {"username": user.username}, login))

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Return the form with what is wrong; 429 if the password was not looked at."""
        response = super().form_invalid(form)
        if isinstance(form, SignInForm) and form.refused:
            response.status_code = 429
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the context with the typed text, which stays in the form until the sign-in succeeds."""
        more = {"typed": TypedText.packed_in(self.request), "sso": settings.SIGN_IN.sso}
        return {**super().get_context_data(**kwargs), **more}


class SecondFactor(AuthenticateView):  # type: ignore[misc]
    """The page that asks for a code or a passkey after the password."""

    template_name = "accounts/second_factor_asked.html"

    def get_form_class(self) -> type[CodeForm]:
        """Return the form whose codes are counted."""
        return CodeForm

    def form_valid(self, form: Any) -> HttpResponse:
        """Complete the sign-in."""
        return go_on(self.request, super().form_valid(form))

    def form_invalid(self, form: Any) -> HttpResponse:
        """Return the page with what is wrong; 429 if the code was not looked at."""
        response: HttpResponse = super().form_invalid(form)
        if getattr(form, "refused", False):
            response.status_code = 429
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the context with the typed text, which is carried on, and whether a passkey can be used."""
        context = super().get_context_data(**kwargs)
        has_passkeys = bool(context["js_data"]["request_options"]["publicKey"].get("allowCredentials"))
        return {**context, "typed": TypedText.packed_in(self.request), "has_passkeys": has_passkeys}


def go_on(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Return what follows a step of the sign-in; text that was typed before comes back to its account at the end."""
    typed = TypedText.packed_in(request)
    if typed is None:
        return response
    if not request.user.is_authenticated:
        request.method = "GET"
        return SecondFactor.as_view()(request)  # type: ignore[no-any-return]
    if typed.is_of(request.user):
        return page_with_typed_text(request, typed)
    words = _("What was typed before belongs to another account, so it was left out. Nothing was sent.")
    messages.warning(request, words)
    return HttpResponseRedirect("/")


@require_safe
def start_sso(request: HttpRequest) -> HttpResponse:
    """Lead to the provider of the single sign-on; a link on another site leads to the sign-in page instead.

    Otherwise that site could begin a session of a person who never asked for one.
    """
    if set(request.GET) - {"next"}:  # allauth takes more, such as to link a second identity, from any other site
        raise Http404
    is_asked_for = request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")
    if not is_asked_for and not request.user.is_authenticated:
        return HttpResponseRedirect(f"{reverse('sign-in')}?{request.GET.urlencode()}")
    return at_provider(OAuth2LoginView, request)


@require_safe
def finish_sso(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Sign in whom the provider sends back; there is one provider, whose id the address gives."""
    return at_provider(OAuth2CallbackView, request)


def at_provider(view: Any, request: HttpRequest) -> HttpResponse:
    """Return the response of allauth's view, or a page that says that the provider does not answer."""
    if settings.SIGN_IN.sso is None:
        raise Http404
    try:
        with place_for_call():
            response: HttpResponse = view.adapter_view(VerifiedTokens(request, PROVIDER))(request)
    except requests.RequestException:
        words = _("The single sign-on does not answer at the moment. Try again in a minute.")
        return sso_refused(request, words, status=503)
    return response
