"""Signing in and out, the admin's door, and pages in the person's language and time zone."""

from datetime import UTC, datetime

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from accounts.models import User
from accounts.preferences import zone_of_browser
from pages.presentation import ago

pytestmark = pytest.mark.django_db

PASSWORD = "a long enough password"


@pytest.fixture
def rita() -> User:
    """A person without a staff role."""
    return User.objects.create_user("rita", password=PASSWORD)


def test_signing_in_leads_to_ones_requests_and_out_again(client: Client, rita: User) -> None:
    response = client.post("/sign-in/", {"username": "rita", "password": PASSWORD})
    assert response.url == "/"
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").url == "/sign-in/"


def test_a_wrong_password_is_said_in_words_and_no_name_is_betrayed(client: Client, rita: User) -> None:
    wrong = client.post("/sign-in/", {"username": "rita", "password": "guess"}).content.decode()
    unknown = client.post("/sign-in/", {"username": "nobody", "password": "guess"}).content.decode()
    for html in (wrong, unknown):
        assert "Please enter a correct username and password" in html


def test_signing_in_leads_to_no_other_site(client: Client, rita: User) -> None:
    said = {"username": "rita", "password": PASSWORD, "next": "https://elsewhere.example/"}
    assert client.post("/sign-in/", said).url == "/"


def test_the_admin_sends_strangers_to_sign_in_and_tells_requesters_that_it_is_not_theirs(
    client: Client, rita: User
) -> None:
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0] == "/sign-in/?next=%2Fadmin%2F"
    client.force_login(rita)
    response = client.get("/admin/", follow=True)
    assert response.status_code == 403
    assert "The admin is for staff" in response.content.decode()


def test_preferences_are_ones_own_and_change_the_language(client: Client, rita: User) -> None:
    other = User.objects.create_user("remy")
    client.force_login(rita)
    client.post("/preferences/", {"language": "fr", "time_zone": "Europe/Paris"})
    assert (User.objects.get(pk=rita.pk).language, User.objects.get(pk=other.pk).language) == ("fr", "")
    assert '<html lang="fr">' in client.get("/preferences/").content.decode()


def test_over_tls_only_a_cookie_of_this_very_host_says_the_time_zone(rf: RequestFactory) -> None:
    rf.cookies.load({"time_zone": "Europe/Paris"})
    assert [zone_of_browser(rf.get("/", secure=secure)) for secure in (False, True)] == ["Europe/Paris", ""]
    rf.cookies.load({"__Host-time_zone": "Asia/Tokyo"})
    assert [zone_of_browser(rf.get("/", secure=secure)) for secure in (False, True)] == ["Asia/Tokyo"] * 2


def test_an_unknown_time_zone_is_refused_and_a_forged_cookie_ignored(client: Client, rita: User) -> None:
    client.force_login(rita)
    assert "time_zone" in client.post("/preferences/", {"time_zone": "../etc/passwd"}).context["form"].errors
    client.cookies["time_zone"] = "../../etc/passwd"
    assert client.get("/preferences/").status_code == 200


def test_every_page_forbids_foreign_content(client: Client) -> None:
    policy = client.get("/sign-in/")["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_a_moment_is_told_as_a_distance_with_the_exact_time_in_the_persons_zone() -> None:
    moment = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    with timezone.override("Europe/Paris"), translation.override("en"):
        html = ago(moment)
    assert 'datetime="2026-03-01T12:00:00+00:00"' in html
    assert "1 p.m." in html
