"""Checks the signature of id tokens, also where a token came straight from the provider over TLS.

OpenID Connect lets a client leave that out, and django-allauth does. Then whoever can read and change that one
connection, such as a proxy of the company, could sign in as anybody.
"""

from typing import Any

import jwt
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter

# Signatures with a public key: none with a secret that both sides know, and never "none".
ALGORITHMS = frozenset(
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"],
)
# A token may seem to be made a little later than now, or to have just ended.
CLOCKS_APART_SECONDS = 60


class VerifiedTokens(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """allauth's client of a provider, which takes no id token whose signature it has not verified."""

    def _decode_id_token(self, app: Any, id_token: str) -> dict[str, Any]:
        """Return the claims. Raises OAuth2Error unless the provider has signed them, for this client, and lately."""
        try:
            if jwt.get_unverified_header(id_token).get("alg") not in ALGORITHMS:
                raise OAuth2Error("The id token is not signed in a way that is accepted")
            known = self.openid_config
            algorithm, key = jwtkit.fetch_key(id_token, known["jwks_uri"], jwtkit.lookup_kid_jwk)
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key,
                algorithms=[algorithm],
                issuer=known["issuer"],
                audience=app.client_id,
                leeway=CLOCKS_APART_SECONDS,
                options={"require": ["iss", "aud", "sub", "exp", "iat"]},
            )
        except (jwt.PyJWTError, KeyError) as error:  # KeyError: the token or a key does not say which key it is
            raise OAuth2Error("The id token cannot be verified") from error
        jwtkit.verify_jti(claims)
        return claims
