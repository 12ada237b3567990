"""Callers of the REST interface: people with a session, and machines with a key."""

from functools import reduce
from operator import or_
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from django.test import Client

from accounts import keys
from accounts.models import User
from accounts.roles import ROLES, STAFF_ROLES
from accounts.scopes import SCOPES

EVERY_SCOPE = [*SCOPES, "work:*"]


class Caller:
    """Somebody who calls: paths are below /api/v1, bodies are JSON."""

    def __init__(self, user: User | None, **headers: str) -> None:
        self.user, self.client, self.headers = user, Client(), headers

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> Any:
        """GET with a query."""
        return self.client.get(f"/api/v1/{path}", query, headers={**self.headers, **(headers or {})})

    def post(self, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """POST with a JSON body."""
        said = {} if body is None else body
        sent = {**self.headers, **(headers or {})}
        return self.client.post(f"/api/v1/{path}", said, content_type="application/json", headers=sent)

    def patch(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        """PATCH with a JSON body."""
        sent = {**self.headers, **(headers or {})}
        return self.client.patch(f"/api/v1/{path}", body, content_type="application/json", headers=sent)


def account(name: str, role: str = "", **fields: Any) -> User:
    """An account with a role, or without any."""
    user = User.objects.create_user(name, is_staff=role in STAFF_ROLES and not fields.get("is_service"), **fields)
    if role:
        user.groups.add(group(role))
    return user


def group(role: str) -> Group:
    """The role's group; a test that commits may have emptied the table of them."""
    found, is_new = Group.objects.get_or_create(name=role)
    if is_new:
        named = [permission.split(".") for permission in ROLES[role]]
        wanted = [Q(content_type__app_label=app, codename=code) for app, code in named]
        found.permissions.set(Permission.objects.filter(reduce(or_, wanted)))
    return found


def person(name: str, role: str = "", **fields: Any) -> Caller:
    """A person with a session."""
    caller = Caller(account(name, role, **fields))
    assert caller.user is not None
    caller.client.force_login(caller.user)
    return caller


def machine(name: str, role: str = "", *scopes: str, **fields: Any) -> Caller:
    """A service account with a key; where no scopes are named it has every one."""
    return key_of(Caller(account(name, role, is_service=True, **fields)), *(scopes or EVERY_SCOPE))


def key_of(caller: Caller, *scopes: str) -> Caller:
    """The same account with another key."""
    assert caller.user is not None
    _key, text = keys.make_key(caller.user, name="tests", scopes=scopes, lifetime=None)
    return Caller(caller.user, authorization=f"Bearer {text}")


def anybody() -> Caller:
    """Somebody without a session or a key."""
    return Caller(None)
