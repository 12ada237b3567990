"""The check of name and password behind every door that takes a password: attempts are counted, their cost bounded."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.attempts import Attempt, SignInRefused, count, forget
from accounts.audit import address_of
from accounts.models import User

# Password hashes that are computed at once in one process, and how long others wait for a place.
HASHES_AT_ONCE, LONGEST_QUEUE_SECONDS = 2, 5.0

places = BoundedSemaphore(HASHES_AT_ONCE)
# Threads of their own for the hashes: the C library keeps the memory of a hash for the thread that computed it, so the
# sixteen threads that answer requests would in time hold 300 MB.
threads = ThreadPoolExecutor(HASHES_AT_ONCE, thread_name_prefix="hash")


class SmallArgon2(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two rounds and one thread: the least that OWASP's Password Storage Cheat Sheet advises.

    Django's own values take 100 MiB for each sign-in, which strangers could use to fill the memory.
    """

    time_cost, memory_cost, parallelism = 2, 19 * 1024, 1

    def encode(self, password: str, salt: str) -> str:
        """Return the password's hash, computed in one of the threads for that."""
        return threads.submit(super().encode, password, salt).result()

    def verify(self, password: str, encoded: str) -> bool:
        """Return True if the password has this hash, computed in one of the threads for that."""
        return threads.submit(super().verify, password, encoded).result()


class LimitedBackend(ModelBackend):
    """Django's check of name and password, where too many attempts are refused. All doors with a password pass here."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **more: Any
    ) -> User | None:
        """Return the account, or None if name or password is wrong. Raises SignInRefused."""
        if not username or password is None or request is None:
            return super().authenticate(request, username, password)
        attempt = Attempt.of(username, address_of(request))
        try:
            count(attempt)
            with place_for_hash():
                user = super().authenticate(request, username, password)
        except SignInRefused:
            user_login_failed.send(sender=__name__, credentials={"username": username}, request=request)
            raise
        if user is not None:
            forget(attempt)
        return user


@contextmanager
def place_for_hash() -> Iterator[None]:
    """Hold one of the places for computing a hash. Raises SignInRefused if none becomes free."""
    if not places.acquire(timeout=LONGEST_QUEUE_SECONDS):
        raise SignInRefused(_("Many people are signing in at the moment. Try again in a few seconds."))
    try:
        yield
    finally:
        places.release()
