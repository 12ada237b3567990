"""The account of a request."""

from django.http import HttpRequest

from accounts.models import User


def signed_in_person(request: HttpRequest) -> User:
    """Return the signed-in person, in views that require one."""
    assert isinstance(request.user, User)
    return request.user
