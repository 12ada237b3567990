"""A private host that settings name is called for who may change every webhook, and for nobody else, by any door."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts.models import User
from accounts.roles import ADMINISTRATOR, REQUESTER
from tests.callers import Caller, account, key_of, person
from tests.receivers import Receiver, happened, project_of
from webhooks import services
from webhooks.delivery import Deliverer
from webhooks.errors import RefusedAddress
from webhooks.models import Delivery, Endpoint

pytestmark = pytest.mark.django_db


@pytest.fixture
def rita() -> User:
    """A requester with a project."""
    return account("rita", REQUESTER)


def named(receiver: Receiver, settings: Any) -> str:
    """The receiver's address by a name: only its numbers are looked at before it is called."""
    settings.WEBHOOK_ALLOWED_HOSTS = [f"localhost:{receiver.port}"]
    return f"http://localhost:{receiver.port}/hook"


def told(endpoint: Endpoint, rita: User) -> Delivery:
    """What came of one event for the endpoint."""
    happened(1, project_id=project_of(rita.username).pk)
    Deliverer().once()
    return Delivery.objects.select_related("endpoint").get(endpoint=endpoint)


def test_a_number_is_refused_at_every_door(rita: User, receiver: Receiver) -> None:
    with pytest.raises(RefusedAddress):
        services.register_endpoint(rita, url=receiver.url)
    mine = services.register_endpoint(rita, url="https://example.org/")
    with pytest.raises(RefusedAddress):
        services.change_endpoint(mine, url=receiver.url, types=[])
    caller = key_of(Caller(rita), "webhooks", "read")
    assert caller.post("webhooks", {"url": receiver.url}).status_code == 422
    assert caller.patch(f"webhooks/{mine.pk}", {"url": receiver.url}).status_code == 422
    page = reverse("admin:webhooks_endpoint_change", args=[mine.pk])
    typed = {"url": receiver.url, "types": "", "project_id": "", "description": ""}
    assert "not public" in person("ann", ADMINISTRATOR).client.post(page, typed).content.decode()


def test_a_name_is_not_called_for_a_requester_and_sent_again_neither(
    rita: User, receiver: Receiver, settings: Any
) -> None:
    delivery = told(services.register_endpoint(rita, url=named(receiver, settings)), rita)
    assert (receiver.ids, delivery.state) == ([], Delivery.State.PENDING)
    assert "not public" in delivery.error
    services.resend_delivery(delivery)
    Deliverer().once()
    assert receiver.ids == []


def test_an_administrator_has_it_called_until_the_right_is_lost(receiver: Receiver, rita: User) -> None:
    ann = account("ann", ADMINISTRATOR)
    delivery = told(services.register_endpoint(ann, url=receiver.url), rita)
    assert (len(receiver.ids), delivery.state) == (1, Delivery.State.DELIVERED)
    ann.groups.clear()
    ann.user_permissions.set(Permission.objects.filter(codename__in=["view_project", "view_event"]))
    happened(2, project_id=project_of("rita").pk)
    services.resend_delivery(delivery)
    Deliverer().once()
    assert len(receiver.ids) == 1


def test_another_port_of_the_host_is_as_closed_as_any(receiver: Receiver, settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1", "127.0.0.1:1"]
    with pytest.raises(RefusedAddress):
        services.register_endpoint(account("ann", ADMINISTRATOR), url=receiver.url)


def test_what_a_private_host_answers_is_shown_to_who_may_have_it_called(receiver: Receiver, rita: User) -> None:
    ann = person("ann", ADMINISTRATOR)
    assert ann.user is not None
    delivery = told(services.register_endpoint(ann.user, url=receiver.url), rita)
    assert delivery.response_excerpt == "Taken"
    log, page = (
        f"webhooks/{delivery.endpoint_id}/deliveries",
        reverse("admin:webhooks_delivery_change", args=[delivery.pk]),
    )
    assert ann.get(log).json()["results"][0]["response_excerpt"] == "Taken"
    assert "Taken" in ann.client.get(page).content.decode()
    ann.user.groups.clear()
    ann.user.user_permissions.set(Permission.objects.filter(codename__in=["view_delivery", "view_endpoint"]))
    assert ann.get(log).json()["results"][0]["response_excerpt"] == ""
    assert "Taken" not in ann.client.get(page).content.decode()
