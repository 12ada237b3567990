"""The pages that end sessions of one's own: who one is has to be shown again, unless that was a moment ago.

Otherwise whoever sits down at an unlocked browser could put its person out everywhere else, and stay.
"""

from typing import Any

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.views import Sessions, SignOutEverywhere


class OwnSessions(Sessions):
    """The page of the browsers in which the person is signed in."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """End the session whose number is sent. Raises ReauthenticationRequired, which asks and then goes on."""
        raise_if_reauthentication_required(request, app="account")
        return super().post(request)


class EverywhereElse(SignOutEverywhere):
    """Ends the person's sessions in all other browsers; by POST only."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """End them. Raises ReauthenticationRequired, which asks and then goes on."""
        if request.method == "POST" and request.user.is_authenticated:
            raise_if_reauthentication_required(request, app="account")
        return super().dispatch(request, *args, **kwargs)
