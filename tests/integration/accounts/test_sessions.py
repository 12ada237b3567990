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

from accounts.models import User
from accounts.sessions import NOTED, NOTED_EVERY_SECONDS

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


def test_a_use_is_noted_once_in_a_while_and_not_with_every_page(rita: User) -> None:
    client = browser(rita)
    is_signed_in(client)
    noted = client.session[NOTED]
    with CaptureQueriesContext(connection) as seen:
        assert is_signed_in(client)
    assert not [query for query in seen.captured_queries if not query["sql"].startswith("SELECT")]
    assert time.time() - noted < 60


def test_a_person_ends_their_other_sessions_and_nobody_elses(rita: User) -> None:
    here, elsewhere, other = browser(rita), browser(rita), browser(User.objects.create_user("remy"))
    answer = here.post(reverse("sign-out-everywhere"), follow=True)
    assert "You are signed out in every other browser." in answer.content.decode()
    assert [is_signed_in(client) for client in (here, elsewhere, other)] == [True, False, True]


def test_it_takes_a_post_of_somebody_who_is_signed_in(rita: User) -> None:
    assert browser(rita).get(reverse("sign-out-everywhere")).status_code == 405
    assert Client().post(reverse("sign-out-everywhere")).status_code == 302
