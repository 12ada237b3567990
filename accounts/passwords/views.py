"""The pages of forgotten, first and changed passwords."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.views.generic import FormView, View

from accounts.attempts import SignInRefused
from accounts.audit import address_of
from accounts.memberships import MembershipRefused, join
from accounts.models import User
from accounts.passwords.forms import ForgottenForm, OwnPasswordForm
from accounts.passwords.letters import ask_for_new_password, sends_letters
from accounts.passwords.links import LinkNotValid, account_of
from accounts.passwords.setting import set_password_by_link
from accounts.people import signed_in_person
from accounts.preferences import preferences_of

# The address is a secret key: browsers must not keep it or send it to other sites.
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex, nofollow"}


class ForgottenPassword(FormView):  # type: ignore[type-arg]
    """The page on which a person who forgot the password types a mail address; its answer is the same for every one."""

    form_class = ForgottenForm
    template_name = "accounts/forgotten.html"

    def form_valid(self, form: ForgottenForm) -> HttpResponse:
        """Note the request for a letter and lead to the sign-in page; 429 if there were too many."""
        try:
            ask_for_new_password(form.cleaned_data["address"], caller=address_of(self.request))
        except SignInRefused as error:
            form.add_error(None, str(error))
            response = self.form_invalid(form)
            response.status_code = 429
            return response
        words = _("If an account has this address, a mail with a link to a new password is on its way.")
        messages.success(self.request, words)
        return HttpResponseRedirect(reverse("sign-in"))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the context; without mail the page says whom to ask."""
        return {**super().get_context_data(**kwargs), "sends_letters": sends_letters()}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Handle the form; where no mail is sent the page is shown again."""
        return super().post(request, *args, **kwargs) if sends_letters() else self.get(request, *args, **kwargs)


class ChoosePassword(View):
    """The page behind a link in a mail, on which its person chooses a password. GET changes nothing."""

    http_method_names = ["get", "head", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, token: str, **kwargs: Any) -> HttpResponseBase:
        """Return the response in the language of the person the link was made for, or say why the link is not valid."""
        try:
            account = account_of(token)
            with preferences_of(account):
                response = super().dispatch(request, *args, token=token, **kwargs)
        except LinkNotValid as error:
            response = render(request, "accounts/link_refused.html", {"words": str(error)}, status=410)
        for name, value in HEADERS.items():
            response[name] = value
        return response

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Return the page. Raises LinkNotValid."""
        account = account_of(token)
        return self.page(request, account, SetPasswordForm(account))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Set the password and lead to the sign-in page, or show the form with what is wrong. Raises LinkNotValid.

        Of an invitation, a signed-in person may enter the account from their own instead.
        """
        account = account_of(token)
        if "join" in request.POST and request.user.is_authenticated:
            return self.join(request, token, account)
        form = SetPasswordForm(account, request.POST)
        if not form.is_valid():
            return self.page(request, account, form)
        set_password_by_link(token, form.cleaned_data["new_password1"])
        messages.success(request, _("Your password is set. Sign in with it."))
        return HttpResponseRedirect(reverse("sign-in"))

    def join(self, request: HttpRequest, token: str, account: User) -> HttpResponse:
        """Make the account one of the signed-in person's, or show why not. Raises LinkNotValid."""
        try:
            joined = join(token, signed_in_person(request), request.session)
        except MembershipRefused as error:
            return self.page(request, account, SetPasswordForm(account), refused=str(error))
        words = _("You can enter %(organisation)s now: switch at the top of the page.")
        messages.success(request, words % {"organisation": joined.organisation})
        return HttpResponseRedirect(reverse("own-organisations"))

    def page(
        self, request: HttpRequest, account: User, form: "SetPasswordForm[Any]", *, refused: str = ""
    ) -> HttpResponse:
        """Return the page with the form for the account; `refused` is why its person cannot enter it from their own."""
        context = {"form": form, "name": account.username, "organisation": account.organisation, "refused": refused}
        context["is_invitation"] = not account.has_usable_password()
        return render(request, "accounts/choose_password.html", context)


class ChangePassword(LoginRequiredMixin, PasswordChangeView):
    """The page of the person's own password; the sessions in other browsers end with the old one."""

    form_class = OwnPasswordForm
    template_name = "accounts/password.html"
    success_url = reverse_lazy("preferences")

    def form_valid(self, form: Any) -> HttpResponse:
        """Save the password and show a message."""
        response = super().form_valid(form)
        messages.success(self.request, _("Your password is changed."))
        return response
