"""A receiver that may be on this machine, and somebody to tell it of everything."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import User
from tests.receivers import Receiver, administrator, receiving
from webhooks.models import Endpoint
from webhooks.services import register_endpoint


@pytest.fixture(autouse=True)
def local_receivers(settings: Any) -> None:
    """Receivers on this machine may be called, each at its port while it serves: see `Receiver.serving`."""
    settings.WEBHOOK_ALLOWED_HOSTS = []


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that takes everything."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def owner(db: None) -> User:
    """Somebody who may see everything."""
    return administrator()


@pytest.fixture
def endpoint(receiver: Receiver, owner: User) -> Endpoint:
    """The receiver's endpoint, told of everything."""
    return register_endpoint(owner, url=receiver.url)
