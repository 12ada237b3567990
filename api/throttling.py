"""The rate limit: how many requests an account may make in a minute, counted in the cache of all web processes."""

import time
from contextlib import suppress
from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _
from django_redis.exceptions import ConnectionInterrupted
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.models import User
from accounts.quotas import limits_of
from accounts.walls import organisation_of
from api.problems import Refused
from api.waiting import is_asked_again
from events.outage import outage
from events.streams import BROKER_ERRORS

WINDOW_SECONDS = 60


class PerAccount(BaseThrottle):
    """Limits requests in fixed windows of a minute for each key, each session, or else each address.

    Those of an organisation together are limited by its quota. While the cache is not available, every request is
    allowed.
    """

    remaining: int = 0
    resets_in: int = WINDOW_SECONDS

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request; return True if it is within the limit. Keeps itself for the response headers."""
        if is_asked_again(request):
            return True
        if outage.is_current():
            return True
        now = int(time.time())
        self.resets_in = WINDOW_SECONDS - now % WINDOW_SECONDS
        try:
            count = increment_counter(f"api:{caller_of(request)}:{now // WINDOW_SECONDS}")
        except (ConnectionInterrupted, *BROKER_ERRORS):
            outage.note_outage()
            return True
        self.remaining = max(0, settings.API_REQUESTS_A_MINUTE - count)
        request._request.META["api.throttle"] = self
        if count > int(settings.API_REQUESTS_A_MINUTE):
            return False
        require_within_quota(request, now)
        return True

    def wait(self) -> float:
        """Return the seconds until the next window begins."""
        return self.resets_in

    def headers(self) -> dict[str, str]:
        """Return the headers with the limit and what is left of it (draft-ietf-httpapi-ratelimit-headers)."""
        return {
            "RateLimit-Policy": f'"account";q={settings.API_REQUESTS_A_MINUTE};w={WINDOW_SECONDS}',
            "RateLimit": f'"account";r={self.remaining};t={self.resets_in}',
        }


def require_within_quota(request: Request, now: int) -> None:
    """Count the request for its account's organisation, if that has a limit. Raises Refused above it."""
    user = getattr(request, "_user", None)
    most = limits_of(organisation_of(user)).calls_a_minute if isinstance(user, User) else None
    if most is None:
        return
    with suppress(ConnectionInterrupted, *BROKER_ERRORS):
        if increment_counter(f"api:organisation:{organisation_of(user)}:{now // WINDOW_SECONDS}") > most:
            words = _(
                "Your organisation may send %(most)s requests a minute, and has. Go on in a minute; whoever runs"
                " Interlock can raise the limit (%(command)s organisations quota)."
            )
            refused = Refused(
                429, "quota-reached", words % {"most": most, "command": settings.COMMAND}, quota="calls_a_minute"
            )
            refused.headers["Retry-After"] = str(WINDOW_SECONDS - now % WINDOW_SECONDS)
            raise refused


def caller_of(request: Request) -> str:
    """Return the name under which the caller is counted: of its key, its account, or its address."""
    user = getattr(request, "_user", None)  # absent if authentication failed
    if isinstance(user, User):
        return f"key:{user.key.pk}" if user.key else f"user:{user.pk}"
    return f"address:{address_of(request)}"


def address_of(request: Request) -> str:
    """Return a short digest of the address of the connection; no header is trusted for it."""
    return blake2b(str(request.META.get("REMOTE_ADDR", "")).encode(), digest_size=12).hexdigest()


def count_refusal(caller: str) -> None:
    """Count a refused request of this caller. Raises Throttled above the limit of a minute.

    Only refused requests are limited here: behind the same proxy a valid key still works beside a wrong one.
    """
    if outage.is_current():
        return
    now = int(time.time())
    with suppress(ConnectionInterrupted, *BROKER_ERRORS):
        if increment_counter(f"api:refused:{caller}:{now // WINDOW_SECONDS}") > settings.API_REQUESTS_A_MINUTE:
            raise Throttled(wait=WINDOW_SECONDS - now % WINDOW_SECONDS)


def increment_counter(name: str) -> int:
    """Add one to the counter and return its value: a single operation of the cache, so no process loses a count.

    That is one round trip to the broker, but for the first request of a minute, which makes the counter.
    """
    with suppress(ValueError):  # there is no such counter yet
        return int(cache.incr(name))
    cache.add(name, 0, timeout=2 * WINDOW_SECONDS)
    return int(cache.incr(name))
