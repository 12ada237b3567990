"""The addresses of the tests' OpenID provider, and what it claims of people. Loaded in its process alone."""

import json
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.urls import include, path
from jwcrypto import jwk, jwt
from jwcrypto.common import base64url_decode, base64url_encode
from oauth2_provider.oauth2_validators import OAuth2Validator

from tests.openid_provider import PASSWORD


class Claims(OAuth2Validator):
    """Claims what the file of people says, whatever scopes are asked for."""

    oidc_claim_scope = None

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        """The claims beside the subject."""
        return {"preferred_username": request.user.username, **said_of(request.user.username)}

    def finalize_id_token(self, id_token: Any, token: Any, token_handler: Any, request: Any) -> str:
        """The signed token; "signed" of the person in the file names another way to sign it."""
        signed: str = super().finalize_id_token(id_token, token, token_handler, request)
        return signed_otherwise(signed, said_of(request.user.username).get("signed", ""))


def signed_otherwise(token: str, way: str) -> str:
    """The same claims signed by "another key", with a "secret", or not at all ("none"); unchanged for any other way."""
    head, claims, _signature = token.split(".")
    header = json.loads(base64url_decode(head))
    if way == "none":
        return f"{base64url_encode(json.dumps({'alg': 'none'}))}.{claims}."
    keys = {"another key": jwk.JWK.generate(kty="RSA", size=2048), "secret": jwk.JWK.generate(kty="oct", size=256)}
    if way not in keys:
        return token
    forged = jwt.JWT(
        header={**header, **({"alg": "HS256"} if way == "secret" else {})}, claims=base64url_decode(claims)
    )
    forged.make_signed_token(keys[way])
    return str(forged.serialize())


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
