"""How long a session lasts: it ends when nobody uses it, and all of a person's end when they say so."""

import secrets
import time
from collections.abc import Callable
from typing import Any

from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse

from accounts.audit import AuditRecord
from accounts.models import User

# A use is noted in the session at most once in this number of seconds, since each note is a write.
NOTED_EVERY_SECONDS = 600
NOTED = "used_at"


def note_use(sender: Any, request: HttpRequest | None = None, **sent: Any) -> None:
    """Note the first use of a session, which is the sign-in; it is saved with it."""
    if request is not None:
        request.session[NOTED] = int(time.time())


class SessionRenewal:
    """Middleware that restarts the time-out of a session whenever its person uses it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The response; a session that is saved on its way lasts for `SESSION_COOKIE_AGE` from now."""
        if request.user.is_authenticated and request.session.session_key:
            now = int(time.time())
            if now - int(request.session.get(NOTED, 0)) >= NOTED_EVERY_SECONDS:
                request.session[NOTED] = now
        return self.get_response(request)


def sign_out_everywhere_else(request: HttpRequest, user: User) -> None:
    """End every session of the person but this one."""
    user.session_stamp = secrets.token_hex(8)
    user.save(update_fields=["session_stamp"])
    update_session_auth_hash(request, user)
    user.entry(AuditRecord.Action.SIGNED_OUT, "everywhere else").save()
