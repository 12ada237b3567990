"""The addresses of the tests' OpenID provider, and what it claims of people. Loaded in its process alone."""

import json
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.urls import include, path
from oauth2_provider.oauth2_validators import OAuth2Validator

from tests.openid_provider import PASSWORD


class Claims(OAuth2Validator):
    """Claims what the file of people says, whatever scopes are asked for."""

    oidc_claim_scope = None

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        """The claims beside the subject."""
        return {"preferred_username": request.user.username, **said_of(request.user.username)}


def said_of(name: str) -> dict[str, Any]:
    """What the file says of the person."""
    people: dict[str, dict[str, Any]] = json.loads(settings.PEOPLE.read_text())
    return people.get(name, {})


class Login(LoginView):
    """The provider's own page of name and password; who is in the file has an account."""

    template_name = "login.html"

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Make the account first, if the person is in the file."""
        name = request.POST["username"]
        if said_of(name) and not User.objects.filter(username=name).exists():
            User.objects.create_user(name, password=PASSWORD)
        return super().post(request, *args, **kwargs)


urlpatterns = [
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("login/", Login.as_view()),
]
