"""Coming in: a person's session, or a machine's key in the Authorization header."""

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.keys import NoSuchKey, owner_of
from accounts.models import ApiKey, User


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer ilk_…`; a key in the address or in the body opens nothing."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey | None] | None:
        """The key's account and the key; None when there is no such header. Raises AuthenticationFailed."""
        scheme, _space, text = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        try:
            user = owner_of(text.strip().decode("ascii", errors="replace"))
        except NoSuchKey as error:
            raise AuthenticationFailed(str(error)) from error
        return user, user.key

    def authenticate_header(self, request: Request) -> str:
        """What a 401 says to come with."""
        return 'Bearer realm="interlock"'
