"""The headers between the web server and endpoints whose caller waits (leases, event streams).

Such an endpoint answers at once. The web server (`runtime.patience`) reads these headers, keeps the connection open and
calls the endpoint again later. It removes them from what the caller gets.
"""

import secrets

from rest_framework.request import Request

from accounts.models import User
from accounts.quotas import limits_of
from accounts.walls import organisation_of, organisation_seen_by

# Response header: for how many seconds the web server should call again; 0: at once.
ASK_AGAIN_HEADER = "Interlock-Ask-Again"
# Response header: the primary key of the account whose connection it is.
ACCOUNT_HEADER = "Interlock-Account"
# Response header: the number of the organisation whose connection it is, and how many it may have if that is limited:
# "2" or "2/50".
ORGANISATION_HEADER = "Interlock-Organisation"
# Response header: the agent for whose items the caller waits.
WAITS_FOR_HEADER = "Interlock-Waits-For"
# Response header: the organisation whose items the caller may do; empty: those of every organisation.
WITHIN_HEADER = "Interlock-Within"
# Request header: with the token of this process it marks a repeated call, which the rate limit does not count.
ASKED_AGAIN_HEADER = "Interlock-Asked-Again"
ASK_AGAIN_TOKEN = secrets.token_urlsafe(32)


def waiting_headers(account: User, *, seconds: int, agent: str) -> dict[str, str]:
    """Return the headers of a response whose caller waits for items of this agent, up to `seconds`."""
    within = organisation_seen_by(account)
    waits = {ASK_AGAIN_HEADER: str(seconds), ACCOUNT_HEADER: str(account.pk), WAITS_FOR_HEADER: agent}
    return waits | {WITHIN_HEADER: "" if within is None else str(within)}


def organisation_header(account: User) -> dict[str, str]:
    """Return the header with the account's organisation, and with its limit of open connections if it has one."""
    organisation = organisation_of(account)
    most = limits_of(organisation).open_connections
    return {ORGANISATION_HEADER: f"{organisation}" if most is None else f"{organisation}/{most}"}


def is_asked_again(request: Request) -> bool:
    """Return True if the web server repeats the call for a caller who waits."""
    return secrets.compare_digest(request.headers.get(ASKED_AGAIN_HEADER, "").encode(), ASK_AGAIN_TOKEN.encode())
