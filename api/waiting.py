"""How the web server and the endpoints that wait understand each other: see `config.patience`."""

import secrets

from rest_framework.request import Request

# An answer with this header says for how many seconds it is worth asking again.
AGAIN = "Interlock-Ask-Again"
# A request with this header and this process's own token is one that was counted before.
ASKED_AGAIN = "Interlock-Asked-Again"
TOKEN = secrets.token_urlsafe(32)


def is_asked_again(request: Request) -> bool:
    """Whether the web server asks on behalf of a caller who waits."""
    return secrets.compare_digest(request.headers.get(ASKED_AGAIN, "").encode(), TOKEN.encode())
