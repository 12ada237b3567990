"""Two chats on this machine, and a person in both worlds."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from accounts.models import User
from accounts.roles import ANSWERER
from chat.posting import post_due_questions
from tests.callers import account
from tests.chats import Chats, chatting


@pytest.fixture
def chats(settings: Any, broker: None) -> Iterator[Chats]:
    """Slack and Teams, to which nothing was posted yet; their positions begin here."""
    settings.PUBLIC_URL = "https://interlock.example.org"
    cache.clear()
    with chatting() as both:
        post_due_questions()
        yield both


@pytest.fixture
def ann(chats: Chats) -> User:
    """Somebody who answers, and whom Slack knows by her confirmed address."""
    chats.add_person("U_ANN", "Ann@example.org")
    return account("ann", ANSWERER, email="ann@example.org", verified_email="ann@example.org")
