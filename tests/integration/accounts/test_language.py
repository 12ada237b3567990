"""The language of a request: it is its reader's, and nothing of it stays in the thread that answered."""

import pytest
from django.test import Client
from django.utils import translation

from tests.callers import account

pytestmark = pytest.mark.django_db


def test_the_language_of_a_person_ends_with_their_request(client: Client) -> None:
    client.force_login(account("rita", language="fr"))
    with translation.override("en"):
        response = client.get("/")
        assert response.headers["Content-Language"] == "fr"
        assert translation.get_language() == "en"


def test_the_language_of_a_browser_ends_with_its_request(client: Client) -> None:
    with translation.override("en"):
        response = client.get("/sign-in/", headers={"Accept-Language": "fr"})
        assert response.headers["Content-Language"] == "fr"
        assert translation.get_language() == "en"


def test_a_thread_without_a_language_has_none_of_a_request_afterwards(client: Client) -> None:
    translation.deactivate()
    client.get("/sign-in/", headers={"Accept-Language": "fr"})
    assert translation.get_language() == "en"
