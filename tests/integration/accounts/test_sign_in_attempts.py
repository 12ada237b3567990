"""Who guesses passwords waits longer and longer; nobody else does, and no guesser can lock a person out."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import close_old_connections
from django.test import Client
from django.utils import timezone

from accounts import attempts, backends
from accounts.attempts import SignInAttempts
from accounts.models import User

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "a long enough password"


@pytest.fixture(autouse=True)
def rita() -> User:
    return User.objects.create_user("rita", password=PASSWORD)


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Let time pass for the counts; it stands still otherwise."""
    now = [timezone.now()]
    monkeypatch.setattr(attempts, "timezone", SimpleNamespace(now=lambda: now[0]))

    def pass_time(wait: timedelta) -> None:
        now[0] += wait

    return pass_time


Later = Callable[[timedelta], None]


def sign_in(password: str, name: str = "rita", address: str = "192.0.2.1") -> int:
    """The status of the page: 302 is signed in, 200 a wrong password, 429 not looked at."""
    return Client(REMOTE_ADDR=address).post("/sign-in/", {"username": name, "password": password}).status_code


def test_the_wait_grows_and_ends_at_fifteen_minutes(later: Later) -> None:
    assert [sign_in("guess") for _ in range(4)] == [200, 200, 200, 429]
    waits = []
    for _ in range(8):
        seconds = 0
        while sign_in("guess") == 429:
            step = max(1, seconds)
            later(timedelta(seconds=step))
            seconds += step
        waits.append(seconds)
    assert waits[:7] == [1, 2, 4, 8, 16, 32, 64]
    assert 900 <= waits[7] <= 1800


def test_a_right_password_is_not_looked_at_while_the_guesser_waits_and_counts_as_the_end_of_it(later: Later) -> None:
    assert [sign_in("guess") for _ in range(3)] == [200, 200, 200]
    assert sign_in(PASSWORD) == 429
    later(timedelta(seconds=1))
    assert [sign_in(PASSWORD), sign_in("slip"), sign_in(PASSWORD)] == [302, 200, 302]


def test_guesses_from_many_addresses_are_counted_together_and_lock_nobody_out() -> None:
    assert sign_in(PASSWORD, address="192.0.2.7") == 302
    statuses = [sign_in("guess", address=f"198.51.100.{n}") for n in range(40)]
    assert (statuses[:21], statuses[-1]) == ([200] * 21, 429)
    assert sign_in(PASSWORD, address="198.51.100.200") == 429
    assert sign_in(PASSWORD, address="192.0.2.7") == 302


def test_guesses_at_many_accounts_from_one_address_are_counted_together() -> None:
    statuses = [sign_in("guess", name=f"person{n}") for n in range(60)]
    assert (statuses[:51], statuses[-1]) == ([200] * 51, 429)
    assert sign_in(PASSWORD, address="192.0.2.2") == 302


def test_of_many_guesses_at_the_same_moment_no_more_are_looked_at(later: Later) -> None:
    def guess(_number: int) -> int:
        try:
            return sign_in("guess")
        finally:
            close_old_connections()

    sign_in("guess")
    SignInAttempts.objects.update(failures=12)
    later(attempts.LONGEST_WAIT)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(guess, range(24)))
    assert (statuses.count(200), statuses.count(429)) == (1, 23)


def test_a_full_queue_is_said_and_counts_as_a_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "LONGEST_QUEUE_SECONDS", 0.05)
    for _ in range(backends.HASHES_AT_ONCE):
        backends.places.acquire()
    try:
        page = Client().post("/sign-in/", {"username": "rita", "password": PASSWORD})
        assert (page.status_code, "Many people are signing in" in page.content.decode()) == (429, True)
    finally:
        for _ in range(backends.HASHES_AT_ONCE):
            backends.places.release()
    assert sign_in(PASSWORD) == 302


def test_old_counts_are_deleted_and_no_name_is_stored(later: Later) -> None:
    sign_in("guess", name="somebody")
    assert all("somebody" not in row.key for row in SignInAttempts.objects.all())
    later(attempts.FORGOTTEN_AFTER + timedelta(minutes=1))
    assert sign_in(PASSWORD) == 302
    assert SignInAttempts.objects.count() == 3


def test_an_account_of_the_older_hash_gets_the_new_one_when_it_signs_in(settings: object) -> None:
    settings.PASSWORD_HASHERS = [  # type: ignore[attr-defined]
        "accounts.backends.SmallArgon2", "django.contrib.auth.hashers.MD5PasswordHasher",
    ]  # fmt: skip
    assert sign_in(PASSWORD) == 302
    assert User.objects.get(username="rita").password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_everybody_changes_their_own_password_and_other_browsers_are_signed_out() -> None:
    here, there = Client(), Client()
    for browser in (here, there):
        browser.post("/sign-in/", {"username": "rita", "password": PASSWORD})
    assert "/preferences/password/" in here.get("/preferences/").content.decode()
    new = "another good password"
    said = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert "is changed" in here.post("/preferences/password/", said, follow=True).content.decode()
    assert (here.get("/").status_code, there.get("/").status_code) == (200, 302)
    assert sign_in(new) == 302


def test_the_old_password_is_guessed_no_more_often_than_at_a_sign_in() -> None:
    browser = Client(REMOTE_ADDR="192.0.2.1")
    browser.post("/sign-in/", {"username": "rita", "password": PASSWORD})
    new = "another good password"

    def said(old: str) -> str:
        sent = {"old_password": old, "new_password1": new, "new_password2": new}
        return browser.post("/preferences/password/", sent, follow=True).content.decode()

    assert ["was entered incorrectly" in said("guess") for _ in range(4)] == [True, True, True, False]
    assert "Too many attempts" in said(PASSWORD)
    assert User.objects.get(username="rita").check_password(PASSWORD)


def test_staff_change_their_password_on_the_same_page() -> None:
    staff = User.objects.create_user("ann", password=PASSWORD, is_staff=True)
    browser = Client()
    browser.force_login(staff)
    assert browser.get("/admin/password_change/").url == "/preferences/password/"


def test_hashes_are_computed_by_few_threads_however_many_people_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    names = set[str]()
    monkeypatch.setattr(Argon2PasswordHasher, "verify", lambda *_: names.add(threading.current_thread().name) or True)
    with ThreadPoolExecutor(16) as people:
        list(people.map(lambda _: backends.SmallArgon2().verify("password", "hash"), range(64)))
    assert 1 <= len(names) <= backends.HASHES_AT_ONCE
