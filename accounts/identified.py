"""Middleware that finds out whose session a request brings, and limits the request to the organisation of that account.

Keys and links say at their own doors whose they are.
"""

from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware, get_user
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.reach import ABOVE, NOBODY, act_for, act_within, end_request, reach, unlimited

# The pages at which a stranger becomes known: they look for an account among those of every organisation.
STEPS_OF_SIGN_IN = frozenset(
    {"sign-in", "mfa_authenticate", "sso", "openid_connect_callback", "forgotten-password", "choose-password"}
)


class Identified(AuthenticationMiddleware):
    """Django's middleware of `request.user`, whose first use limits the request.

    The limit ends with the response; that of one which is made while it is sent, when it has been sent.
    """

    def __call__(self, request: HttpRequest) -> Any:
        """Return the response."""
        response: Any = super().__call__(request)
        if not response.streaming:
            end_request()
        return response

    def process_request(self, request: HttpRequest) -> None:
        """Have `request.user` looked up when it is used."""
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: identified(request))  # type: ignore[assignment]

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Let the pages of the sign-in look for every account, until somebody has signed in."""
        if request.resolver_match and request.resolver_match.url_name in STEPS_OF_SIGN_IN:
            act_within(ABOVE)


def identified(request: HttpRequest) -> Any:
    """Return the account of the session, to which the request is limited from now on unless a door has done so."""
    with unlimited():
        user = get_user(request)
    if reach.get() == NOBODY:
        act_for(user)
    return user
