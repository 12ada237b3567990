"""A session ends when nobody uses it, and all others of a person end when the person says so."""

import time

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.audit import AuditRecord
from accounts.models import BrowserSession, User
from accounts.sessions import BEGAN, NOTED, NOTED_EVERY_SECONDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def rita() -> User:
    """A person."""
    return User.objects.create_user("rita")


def browser(person: User) -> Client:
    """A browser in which the person is signed in."""
    client = Client()
    client.force_login(person)
    return client


def is_signed_in(client: Client) -> bool:
    """Whether a page of one's own is shown."""
    return client.get(reverse("preferences")).status_code == 200


def test_a_session_in_use_goes_on_and_one_that_nobody_uses_ends(rita: User) -> None:
    client = browser(rita)
    session = client.session
    session[NOTED] = int(time.time()) - NOTED_EVERY_SECONDS
    session.save()
    Session.objects.update(expire_date=timezone.now() + timezone.timedelta(seconds=60))
    assert is_signed_in(client)
    left = (Session.objects.get().expire_date - timezone.now()).total_seconds()
    assert settings.SESSION_COOKIE_AGE - 60 < left <= settings.SESSION_COOKIE_AGE <= 12 * 3600
    Session.objects.update(expire_date=timezone.now())
    assert not is_signed_in(client)


def test_a_session_ends_a_day_after_the_sign_in_however_much_it_is_used(rita: User) -> None:
    client = browser(rita)
    session = client.session
    session[NOTED], session[BEGAN] = 0, int(time.time()) - settings.SESSION_LONGEST_SECONDS + 60
    session.save()
    assert is_signed_in(client)
    left = (Session.objects.get().expire_date - timezone.now()).total_seconds()
    assert 50 < left <= 60
    Session.objects.update(expire_date=timezone.now())
    assert not is_signed_in(client)


def test_a_use_is_noted_once_in_a_while_and_not_with_every_page(rita: User) -> None:
    client = browser(rita)
    is_signed_in(client)
    noted = client.session[NOTED]
    with CaptureQueriesContext(connection) as seen:
        assert is_signed_in(client)
    assert not [query for query in seen.captured_queries if not query["sql"].startswith("SELECT")]
    assert time.time() - noted < 60


def test_a_person_ends_their_other_sessions_and_nobody_elses(rita_with_password: User) -> None:
    here, elsewhere, other = signed_in("Here"), signed_in("There"), browser(User.objects.create_user("remy"))
    answer = here.post(reverse("sign-out-everywhere"), follow=True)
    assert "You are signed out in every other browser." in answer.content.decode()
    assert [is_signed_in(client) for client in (here, elsewhere, other)] == [True, False, True]


def test_it_takes_a_post_of_somebody_who_is_signed_in(rita: User) -> None:
    assert browser(rita).get(reverse("sign-out-everywhere")).status_code == 405
    assert Client().post(reverse("sign-out-everywhere")).status_code == 302


PASSWORD = "a long enough password"


def signed_in(agent: str, *, name: str = "rita") -> Client:
    """A browser called so, in which the person has signed in on the page."""
    client = Client(headers={"User-Agent": agent})
    assert client.post("/sign-in/", {"username": name, "password": PASSWORD}).status_code == 302
    return client


@pytest.fixture
def rita_with_password() -> User:
    """A person with a password."""
    return User.objects.create_user("rita", password=PASSWORD)


def listed(client: Client) -> list[str]:
    """The browsers on the page of sessions."""
    return [browser.browser for browser in client.get(reverse("sessions")).context["browsers"]]


def test_a_person_sees_their_sessions_and_ends_one_of_them(rita_with_password: User) -> None:
    here, there, third = signed_in("Here"), signed_in("There"), signed_in("Third")
    assert sorted(listed(here)) == ["Here", "There", "Third"]
    number = BrowserSession.objects.get(browser="There").pk
    page = here.post(reverse("sessions"), {"session": number}, follow=True).content.decode()
    assert "That session is ended." in page
    assert [is_signed_in(client) for client in (here, there, third)] == [True, False, True]
    assert sorted(listed(here)) == ["Here", "Third"]
    ended = AuditRecord.objects.get(action=AuditRecord.Action.SIGNED_OUT)
    assert (ended.actor, ended.details) == ("rita", "one session, of 127.0.0.1")


def test_who_signed_in_a_while_ago_shows_the_password_again_before_a_session_ends(rita_with_password: User) -> None:
    here, there, third = signed_in("Here"), signed_in("There"), signed_in("Third")
    session = here.session
    session["account_authentication_methods"][0]["at"] -= 3600
    session.save()
    sent = {"session": BrowserSession.objects.get(browser="There").pk}
    for path, form in ((reverse("sessions"), sent), (reverse("sign-out-everywhere"), {})):
        asked = here.post(path, form)
        assert asked["Location"].startswith("/preferences/password/again/?next=")
    assert [is_signed_in(client) for client in (here, there, third)] == [True, True, True]
    asked = here.post(reverse("sessions"), sent)
    assert here.post(asked["Location"], {"password": "a guess"}).status_code == 200
    assert is_signed_in(there)
    assert here.post(asked["Location"], {"password": PASSWORD})["Location"] == reverse("sessions")
    assert [is_signed_in(client) for client in (here, there, third)] == [True, False, True]


def test_nobody_ends_the_session_of_somebody_else(rita_with_password: User) -> None:
    own, number = signed_in("Own"), BrowserSession.objects.get().pk
    User.objects.create_user("remy", password=PASSWORD)
    stranger = signed_in("Other", name="remy")
    for sent in (number, "0", "x", "9" * 40):
        assert (
            "had ended already" in stranger.post(reverse("sessions"), {"session": sent}, follow=True).content.decode()
        )
    assert is_signed_in(own)


def test_what_has_ended_is_not_listed(rita_with_password: User) -> None:
    here, there, third = signed_in("Here"), signed_in("There"), signed_in("Third")
    there.post("/sign-out/")
    assert sorted(listed(here)) == ["Here", "Third"]
    third.post(
        "/preferences/password/",
        {"old_password": PASSWORD, "new_password1": "x y z 1 2 3", "new_password2": "x y z 1 2 3"},
    )
    assert (listed(third), is_signed_in(here)) == (["Third"], False)
    signed_at = BrowserSession.objects.get(browser="Third").signed_in_at
    third.post(reverse("sign-out-everywhere"))
    assert BrowserSession.objects.get(browser="Third").signed_in_at == signed_at
