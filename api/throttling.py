"""How many requests an account may make in a minute, counted in the cache that all web processes share."""

import time
from contextlib import suppress
from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django_redis.exceptions import ConnectionInterrupted
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.models import User
from api.waiting import is_asked_again
from events.outage import outage
from events.streams import BROKER_ERRORS

WINDOW_SECONDS = 60


class PerAccount(BaseThrottle):
    """A fixed window a minute for each key, person, or address without either; with no cache nobody is held back."""

    remaining: int = 0
    resets_in: int = WINDOW_SECONDS

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether there is room in this minute; the request then has `throttled`, for the headers."""
        if is_asked_again(request):
            return True
        if outage.lasts():
            return True
        now = int(time.time())
        self.resets_in = WINDOW_SECONDS - now % WINDOW_SECONDS
        try:
            count = counted(f"api:{caller_of(request)}:{now // WINDOW_SECONDS}")
        except (ConnectionInterrupted, *BROKER_ERRORS):
            outage.met()
            return True
        self.remaining = max(0, settings.API_REQUESTS_A_MINUTE - count)
        request._request.META["api.throttle"] = self
        return count <= int(settings.API_REQUESTS_A_MINUTE)

    def wait(self) -> float:
        """Seconds until there is room again."""
        return self.resets_in

    def headers(self) -> dict[str, str]:
        """The limit as responses tell it (draft-ietf-httpapi-ratelimit-headers)."""
        return {
            "RateLimit-Policy": f'"account";q={settings.API_REQUESTS_A_MINUTE};w={WINDOW_SECONDS}',
            "RateLimit": f'"account";r={self.remaining};t={self.resets_in}',
        }


def caller_of(request: Request) -> str:
    """Who calls, as far as that is known: a key, a person, or an address."""
    user = getattr(request, "_user", None)  # who failed to show who they are has none
    if isinstance(user, User):
        return f"key:{user.key.pk}" if user.key else f"user:{user.pk}"
    return f"address:{address_of(request)}"


def address_of(request: Request) -> str:
    """The caller's address as a short name. What the caller says of itself in a header does not count."""
    return blake2b(str(request.META.get("REMOTE_ADDR", "")).encode(), digest_size=12).hexdigest()


def count_refusal(who: str) -> None:
    """Count one more refused call. Raises Throttled when they are more in this minute than an account may make.

    Only refused calls are held back by it: a good key works beside a bad one, though all come through one proxy.
    """
    if outage.lasts():
        return
    now = int(time.time())
    with suppress(ConnectionInterrupted, *BROKER_ERRORS):
        if counted(f"api:refused:{who}:{now // WINDOW_SECONDS}") > settings.API_REQUESTS_A_MINUTE:
            raise Throttled(wait=WINDOW_SECONDS - now % WINDOW_SECONDS)


def counted(name: str) -> int:
    """One more in this window; how many now. One step in the cache, so that two processes never count as one."""
    cache.add(name, 0, timeout=2 * WINDOW_SECONDS)
    return int(cache.incr(name))
