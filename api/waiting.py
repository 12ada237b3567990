"""How the web server and the endpoints that wait understand each other: see `runtime.patience`."""

import secrets

from rest_framework.request import Request

from accounts.models import User

# An answer with this header says for how many seconds it is worth asking again; 0 is at once.
AGAIN = "Interlock-Ask-Again"
# Whose connection it is: the key of the account.
ACCOUNT = "Interlock-Account"
# The agent for whose items the caller waits.
WAITS_FOR = "Interlock-Waits-For"
# A request with this header and this process's own token is one that was counted before.
ASKED_AGAIN = "Interlock-Asked-Again"
TOKEN = secrets.token_urlsafe(32)


def worth_waiting(account: User, *, seconds: int, agent: str) -> dict[str, str]:
    """The headers of an answer for which its caller would wait."""
    return {AGAIN: str(seconds), ACCOUNT: str(account.pk), WAITS_FOR: agent}


def is_asked_again(request: Request) -> bool:
    """Whether the web server asks on behalf of a caller who waits."""
    return secrets.compare_digest(request.headers.get(ASKED_AGAIN, "").encode(), TOKEN.encode())
