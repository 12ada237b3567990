"""Shows every page in the language and the time zone of its reader."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import timezone, translation

# A script in the browser puts its time zone into a cookie: over TLS into the first, which no other host can set. The
# person's own choice has priority.
TIME_ZONE_COOKIES = ("__Host-time_zone", "time_zone")


@cache
def known_zones() -> frozenset[str]:
    """Return the names of all time zones that this machine knows."""
    return frozenset(available_timezones())


@contextmanager
def preferences_of(user: AbstractBaseUser | None) -> Iterator[None]:
    """Activate the language and the time zone of the user inside the block; without them the current ones stay."""
    language = getattr(user, "language", "") or translation.get_language()
    chosen = getattr(user, "time_zone", "")
    zone = ZoneInfo(chosen) if chosen in known_zones() else timezone.get_current_timezone()
    with translation.override(language), timezone.override(zone):
        yield


def zone_of_browser(request: HttpRequest) -> str:
    """Return what the cookie says, which may be anything; over TLS only a cookie of this very host counts."""
    names = TIME_ZONE_COOKIES[:1] if request.is_secure() else TIME_ZONE_COOKIES
    return next((request.COOKIES[name] for name in names if name in request.COOKIES), "")


class LanguageMiddleware(LocaleMiddleware):
    """Activates the browser's language during a request; afterwards the thread has the same language as before.

    Django's own middleware leaves the language active, which may be French, for whatever the thread does next.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Return the response in the browser's language, or in the one that `PreferencesMiddleware` activates."""
        with translation.override(translation.get_language()):
            return super().__call__(request)


class PreferencesMiddleware:
    """Activates the person's language and time zone during a request; `LanguageMiddleware` ends the language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the response in the person's language and time zone."""
        if language := getattr(request.user, "language", ""):
            translation.activate(language)
            request.LANGUAGE_CODE = language
        chosen = getattr(request.user, "time_zone", "") or zone_of_browser(request)
        with timezone.override(ZoneInfo(chosen) if chosen in known_zones() else None):
            return self.get_response(request)
