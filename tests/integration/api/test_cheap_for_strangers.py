"""What a stranger calls costs little, and is counted by where it comes from, whatever it says of itself."""

import time

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from accounts import keys
from accounts.roles import OPERATOR
from tests.callers import account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


@pytest.mark.parametrize("path", ["/api/schema/", "/api/schema/?format=json", "/api/asyncapi/"])
def test_a_document_is_made_once_and_not_sent_to_who_has_it(client: Client, path: str) -> None:
    first = client.get(path)
    assert first.status_code == 200
    begun = time.process_time()
    for _ in range(20):
        assert client.get(path).content == first.content
    assert time.process_time() - begun < 1.0
    assert client.get(path, headers={"If-None-Match": first["ETag"]}).status_code == 304


def test_the_document_speaks_the_languages_there_are_and_no_other(client: Client) -> None:
    english = client.get("/api/schema/?lang=../../../..elsewhere")
    assert english.status_code == 200
    assert english.content == client.get("/api/schema/").content


@pytest.fixture
def few(settings: Settings) -> None:
    """Three calls a minute."""
    settings.API_REQUESTS_A_MINUTE = 3
    cache.clear()
    if time.time() % 60 > 55:
        time.sleep(6)  # all calls of a test fall into one minute


def test_refused_calls_are_counted_and_then_held_back(client: Client, few: None) -> None:
    statuses = [
        client.get("/api/v1/projects", headers={"authorization": f"Bearer ilk_{n}"}).status_code for n in range(6)
    ]
    assert statuses == [401, 401, 401, 429, 429, 429]


def test_a_header_resets_no_limit(client: Client, few: None) -> None:
    statuses = [client.get("/api/v1/nowhere", headers={"x-forwarded-for": f"10.0.0.{n}"}).status_code for n in range(5)]
    assert statuses == [404, 404, 404, 429, 429]


def test_a_long_header_becomes_no_key_of_the_cache(client: Client, few: None) -> None:
    client.get("/api/v1/nowhere", headers={"x-forwarded-for": "x" * 50_000})
    assert max((len(key) for key in cache.keys("*")), default=0) < 200


def test_options_tells_a_stranger_nothing(client: Client) -> None:
    answer = client.options("/api/v1/projects")
    assert (answer.status_code, b"parses" in answer.content) == (401, False)
    key = keys.make_key(account("bot", OPERATOR, is_service=True), name="k", scopes=["read"], lifetime=None)[1]
    assert client.options("/api/v1/projects", headers={"authorization": f"Bearer {key}"}).status_code == 200


def test_who_has_a_key_is_not_held_back_by_the_refusals_of_others_at_the_same_address(
    client: Client, few: None
) -> None:
    key = keys.make_key(account("bot", OPERATOR, is_service=True), name="k", scopes=["read"], lifetime=None)[1]
    for number in range(6):
        client.get("/api/v1/projects", headers={"authorization": f"Bearer ilk_{number}"})
    assert client.get("/api/v1/projects", headers={"authorization": f"Bearer {key}"}).status_code == 200
