"""Authentication of machines by an API key in the Authorization header; people use their session."""

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.keys import NoSuchKey, user_of_key
from accounts.models import ApiKey, User
from accounts.reach import act_for, unlimited


class KeyAuthentication(BaseAuthentication):
    """Reads the key from `Authorization: Bearer ilk_…`. A key in the address or in the body is not accepted."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey | None] | None:
        """Return the account of the key and the key; None without such a header. Raises AuthenticationFailed."""
        scheme, _space, text = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        try:
            with unlimited():
                user = user_of_key(text.strip().decode("ascii", errors="replace"))
        except NoSuchKey as error:
            raise AuthenticationFailed(str(error)) from error
        act_for(user)
        return user, user.key

    def authenticate_header(self, request: Request) -> str:
        """Return the `WWW-Authenticate` header of a 401: it names the scheme that a caller has to use."""
        return 'Bearer realm="interlock"'
