"""Who is told reasons and figures: callers from configured networks, and staff and keys that may see events.

Everybody else learns only whether each check is well. A caller's address counts only where no proxy has passed the
request on: behind one that names nobody, every stranger would come from this machine.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.db import connections
from django.http import HttpRequest
from django.http.cookie import parse_cookie

from accounts.keys import NoSuchKey, user_of_key
from accounts.models import User
from accounts.required_steps import required_step
from accounts.scopes import HEALTH, READ
from accounts.walls import sees_installation

PERMISSION, SCOPES = "events.view_event", {READ, HEALTH}
# Longest wait for the database to tell who the caller is; after that it is answered as a stranger.
WHO_SECONDS = 1.0
# Callers who may be asked about at the same time: others are strangers until then, so that a flood costs little.
MOST_ASKED = 2
# Headers by which proxies say that they pass a request on.
OF_PROXIES = {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip"}


def is_near(scope: dict[str, Any]) -> bool:
    """Return True if the request comes straight from an address of HEALTH_FROM; asks no database."""
    if {name for name, _value in scope["headers"]} & OF_PROXIES:
        return False
    try:
        address = ip_address((scope.get("client") or ("",))[0])
    except ValueError:
        return False
    return any(address in network for network in settings.HEALTH.told)


def credentials(scope: dict[str, Any]) -> tuple[str, str]:
    """Return (text of the API key, key of the session) that the request brings; empty where it brings none."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    scheme, _space, key = headers.get(b"authorization", "").partition(" ")
    session = parse_cookie(headers.get(b"cookie", "")).get(settings.SESSION_COOKIE_NAME, "")
    return key.strip() if scheme.lower() == "bearer" else "", session


class KnownCallers:
    """Asks the database whether callers may see details, on threads that pages do not need."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(MOST_ASKED, "health-callers")
        self.asked = 0

    async def include(self, key: str, session: str) -> bool:
        """Return True if the account of the key or of the session may see details; False if not known in time."""
        if not (key or session) or self.asked >= MOST_ASKED:
            return False
        self.asked += 1
        asking = asyncio.get_running_loop().run_in_executor(self.threads, may_see_details, key, session)
        asking.add_done_callback(self.note_told)
        try:
            return await asyncio.wait_for(asyncio.shield(asking), WHO_SECONDS)
        except Exception:  # the database is away, or slow
            return False

    def note_told(self, asking: asyncio.Future[bool]) -> None:
        """Note that one caller less is asked about."""
        self.asked -= 1
        asking.cancelled() or asking.exception()  # it was met above, or nobody waits for it any more


def may_see_details(key: str, session: str) -> bool:
    """Return True if the account of the key or of the session may see events; asks the database.

    The figures are of all organisations: see `sees_installation`. A key needs one of SCOPES as well. Of these only READ
    gives the permission itself, so the account's own is asked.
    """
    try:
        user = user_of_key(key) if key else user_of_session(session)
        if not isinstance(user, User) or not user.is_active:
            return False
        is_admitted = bool(SCOPES & set(user.key.scopes)) if user.key else user.is_staff
        return is_admitted and PERMISSION in user.get_all_permissions() and sees_installation(user)
    except NoSuchKey:
        return False
    finally:
        connections.close_all()


def user_of_session(session: str) -> Any:
    """Return the account that is signed in with this session, or an anonymous one; so too while a step is required."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session)
    user = get_user(request)
    return AnonymousUser() if user.is_authenticated and required_step(user, request.session) else user
