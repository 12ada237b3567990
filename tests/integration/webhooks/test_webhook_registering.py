"""What an endpoint may be: a public address, types there are, a secret of its own."""

import base64
from typing import Any

import pytest

from accounts.models import User
from tests.receivers import Receiver, happened
from webhooks import addresses
from webhooks.delivery import Deliverer
from webhooks.errors import InvalidUrl, RefusedAddress, UnknownTypes
from webhooks.models import Delivery, Endpoint
from webhooks.services import change_endpoint, register_endpoint

pytestmark = pytest.mark.django_db
URL = "https://example.org/hook"


def test_each_endpoint_gets_a_secret_of_its_own(owner: User) -> None:
    first, second = register_endpoint(owner, url=URL), register_endpoint(owner, url=URL)
    assert first.secret != second.secret
    prefix, _, key = first.secret.partition("_")
    assert prefix == "whsec"
    assert len(base64.b64decode(key)) == 32


def test_types_there_are_none_of_are_refused_by_name(owner: User) -> None:
    with pytest.raises(UnknownTypes, match=r"PROJECT\.LOST, NOTHING\.\*") as refused:
        register_endpoint(owner, url=URL, types=["PROJECT.*", "PROJECT.LOST", "NOTHING.*"])
    assert refused.value.extra == {"types": ["PROJECT.LOST", "NOTHING.*"]}
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]", "169.254.169.254"])
def test_addresses_of_machines_within_are_refused(owner: User, host: str) -> None:
    with pytest.raises(RefusedAddress, match="not public"):
        register_endpoint(owner, url=f"http://{host}/")


def test_an_allowed_host_may_be_private(owner: User, settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = ["10.0.0.5"]
    assert register_endpoint(owner, url="http://10.0.0.5/").url == "http://10.0.0.5/"


def test_a_change_is_checked_like_a_new_endpoint_and_keeps_secret_and_place(owner: User) -> None:
    endpoint = register_endpoint(owner, url=URL, description="Old")
    secret, position = endpoint.secret, endpoint.position
    with pytest.raises(InvalidUrl):
        change_endpoint(endpoint, url="ftp://example.org", types=[])
    change_endpoint(endpoint, url="https://example.org/new", types=["WORK.*"], description="New")
    kept = Endpoint.objects.get()
    assert (kept.url, kept.types, kept.description) == ("https://example.org/new", ["WORK.*"], "New")
    assert (kept.secret, kept.position) == (secret, position)


def test_a_name_that_later_leads_home_is_not_called(
    owner: User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = register_endpoint(owner, url=f"http://innocent.example:{receiver.port}/")
    monkeypatch.setattr(addresses, "resolve_host", lambda _host, _port: ["127.0.0.1"])
    happened(1)
    Deliverer().once()
    delivery = endpoint.deliveries.get()
    assert receiver.requests == []
    assert delivery.state == Delivery.State.PENDING
    assert delivery.error.startswith("innocent.example has the address 127.0.0.1, which is not public")
