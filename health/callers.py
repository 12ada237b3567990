"""Who is told reasons and figures: callers from configured networks, staff who may see events, and keys that may read.

Everybody else learns only whether each check is well. A caller's address counts only where no proxy has passed the
request on: behind one that names nobody, every stranger would come from this machine.
"""

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
from accounts.scopes import READ
from api.rules import Rule

DETAILS = Rule(scope=READ, permission="events.view_event")
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


def may_see_details(key: str, session: str) -> bool:
    """Return True if the account of the key or of the session may see events; asks the database."""
    try:
        user = user_of_key(key) if key else user_of_session(session)
    except NoSuchKey:
        return False
    finally:
        connections.close_all()
    return isinstance(user, User) and user.is_active and (user.is_staff or bool(key)) and DETAILS.allows(user)


def user_of_session(session: str) -> Any:
    """Return the account that is signed in with this session, or an anonymous one; so too while a step is required."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session)
    user = get_user(request)
    return AnonymousUser() if user.is_authenticated and required_step(user, request.session) else user
