"""Who is asking."""

from django.http import HttpRequest

from accounts.models import User


def person(request: HttpRequest) -> User:
    """The signed-in person; for views that let nobody else in."""
    assert isinstance(request.user, User)
    return request.user
