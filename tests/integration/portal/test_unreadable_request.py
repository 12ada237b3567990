"""A request that Django itself refuses is told in words, in both languages."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_request_that_cannot_be_read_says_what_to_do() -> None:
    response = Client(headers={"host": "no such host!"}).get("/sign-in/")
    assert response.status_code == 400
    words = response.content.decode()
    assert "has changed nothing" in words
    assert "n’a rien modifié" in words
