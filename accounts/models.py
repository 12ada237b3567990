"""The people of Interlock: a user model of our own from the first migration."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A member of staff or a requester."""
