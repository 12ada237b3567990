"""What a signed-in person has to do before anything else: change a temporary password, set up a second factor.

Until then every page leads to that step, and REST, live sockets and the details of health are refused. API keys are not
concerned: a key is no session.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _

# The address names of the two steps, each with all that may be used meanwhile.
CHANGE_PASSWORD, SECOND_FACTOR = "change-password", "second-factor"
ALWAYS_OPEN = frozenset({"sign-out", "sign-in", "switch-organisation"})
OPEN_MEANWHILE = {
    CHANGE_PASSWORD: ALWAYS_OPEN | {CHANGE_PASSWORD},
    SECOND_FACTOR: ALWAYS_OPEN
    | {SECOND_FACTOR, "mfa_activate_totp", "mfa_view_recovery_codes", "mfa_add_webauthn"}
    | {"account_reauthenticate", "mfa_reauthenticate"},
}
# The key in a session that was begun at the single sign-on.
BY_PROVIDER = "signed_in_by_provider"
# The key in a session that came from the person's home account (`accounts.memberships`): the number of that account.
HOME = "home_account"
# The keys under which django-allauth keeps what the person of a session has shown, as {"method": …}, and for whom.
SHOWN, SHOWN_FOR = "account_authentication_methods", "account_authentication_methods_user"


def required_step(user: Any, session: Any) -> str:
    """Return the address name of the step that the signed-in person has to do first; "" if there is none."""
    if user.must_change_password:
        return CHANGE_PASSWORD
    if needs_second_factor(user) and not is_shown_elsewhere(session):
        return SECOND_FACTOR
    return ""


def is_shown_elsewhere(session: Any) -> bool:
    """Return True if the person has shown a second factor to the provider, or one of their home account."""
    return is_shown_to_provider(session) or (HOME in session and has_shown_factor(session))


def is_shown_to_provider(session: Any) -> bool:
    """Return True if the session was begun at a single sign-on that asks for a second factor."""
    return bool(settings.SIGN_IN.provider_asks_twice and session.get(BY_PROVIDER))


def has_shown_factor(session: Any) -> bool:
    """Return True if the person of the session has shown a second factor, here or to the provider."""
    is_shown_here = any(record.get("method") == "mfa" for record in session.get(SHOWN) or ())
    return is_shown_here or is_shown_to_provider(session)


def needs_second_factor(user: Any) -> bool:
    """Return True if the person has no second factor, and has to have one."""
    required = settings.SIGN_IN.second_factor
    return not user.has_second_factor and (required == "everybody" or (required == "staff" and user.is_staff))


class RequiredSteps:
    """Middleware that lets a person only do the required step, as long as there is one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the response, or in its place the way to the required step; its page reads `request.required_step`."""
        if not request.user.is_authenticated or comes_with_key(request):
            return self.get_response(request)
        step = required_step(request.user, request.session)
        request.required_step = step  # type: ignore[attr-defined]
        if not step or is_open(request.path_info, step):
            return self.get_response(request)
        return refusal(step) if request.path_info.startswith("/api/") else HttpResponseRedirect(reverse(step))


def comes_with_key(request: HttpRequest) -> bool:
    """Return True for a call of REST with a key: there, and nowhere else, the session counts nothing beside it."""
    has_key = request.headers.get("Authorization", "").lower().startswith("bearer ")
    return has_key and request.path_info.startswith("/api/v1/")


def is_open(path: str, step: str) -> bool:
    """Return True if the address may be used before the step is done."""
    try:
        return resolve(path).view_name in OPEN_MEANWHILE[step]
    except Resolver404:
        return False


def refusal(step: str) -> JsonResponse:
    """Return the problem document for a call of REST."""
    words = {
        CHANGE_PASSWORD: _("Change your temporary password on the page of your preferences first."),
        SECOND_FACTOR: _("Set up a second factor on the page of your preferences first."),
    }
    body = {"type": f"urn:interlock:problem:{step}-first", "title": "Forbidden", "status": 403, "detail": words[step]}
    return JsonResponse(body, status=403, content_type="application/problem+json")
