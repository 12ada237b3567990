"""A directory with its key, as Entra ID and Okta have one."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts import keys
from accounts.models import User
from accounts.roles import ADMINISTRATOR
from environment.sign_in import SingleSignOn
from tests.callers import account

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Directory:
    """Calls below /scim/v2/ with a key of the account, under SCIM's media type."""

    def __init__(self, user: User, *scopes: str) -> None:
        self.user, self.client = user, Client()
        _key, text = keys.make_key(user, name="directory", scopes=scopes or ("people",), lifetime=None)
        self.headers = {"authorization": f"Bearer {text}", "accept": "application/scim+json"}

    def get(self, path: str, **query: str) -> Any:
        """GET with a query."""
        return self.client.get(f"/scim/v2/{path}", query, headers=self.headers)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Send a body."""
        text = "" if body is None else json.dumps(body)
        kind = "application/scim+json; charset=utf-8"
        return self.client.generic(method, f"/scim/v2/{path}", text, content_type=kind, headers=self.headers)

    def made(self, path: str, body: dict[str, Any]) -> str:
        """Make something; its id."""
        response = self.send("POST", path, body)
        assert response.status_code == 201, response.content
        return str(response.json()["id"])

    def patch(self, path: str, *operations: dict[str, Any], status: int = 200) -> Any:
        """PATCH with these operations."""
        response = self.send("PATCH", path, {"schemas": [PATCH_OP], "Operations": list(operations)})
        assert response.status_code == status, response.content
        return response.json() if response.content else None


@pytest.fixture
def directory() -> Directory:
    """A machine's account that may do what an administrator may."""
    return Directory(account("directory", ADMINISTRATOR, is_service=True))


@pytest.fixture
def mapped(settings: Settings) -> Callable[..., None]:
    """Sets OIDC_ROLES."""

    def set_up(**roles: str) -> None:
        sso = SingleSignOn("https://login.example.org", "interlock", "", roles=tuple(roles.items()))
        settings.SIGN_IN = replace(settings.SIGN_IN, sso=sso)

    return set_up
