"""Webhooks in the admin: a secret is shown once, roles decide who may act, refusals are told on the page."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.roles import ADMINISTRATOR, OPERATOR
from tests.receivers import Receiver, happened, project_of
from webhooks.delivery import Deliverer
from webhooks.models import Delivery, Endpoint

pytestmark = pytest.mark.django_db
LIST, ADD = "/admin/webhooks/endpoint/", "/admin/webhooks/endpoint/add/"
DELIVERIES = "/admin/webhooks/delivery/"


def signed_in(role: str) -> Client:
    """The browser of somebody with this role."""
    user = User.objects.create_user(f"{role}-ann", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def client(db: None, settings: Any) -> Client:
    """An administrator's browser."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    return signed_in(ADMINISTRATOR)


def said(response: Any) -> str:
    """The messages that the act left."""
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def act(client: Client, page: str, action: str, obj: Any, **more: str) -> Any:
    """The answer to an action on one object of a list."""
    return client.post(page, {"action": action, "_selected_action": [obj.pk], **more})


def test_a_registered_endpoint_belongs_to_who_registered_it_and_shows_its_secret_once(client: Client) -> None:
    response = client.post(ADD, {"url": "https://Example.org/hook", "types": "PROJECT.*, WORK.ITEM_FAILED"})
    endpoint = Endpoint.objects.get()
    assert endpoint.owner.username == "administrator-ann"
    assert (endpoint.url, endpoint.types) == ("https://example.org/hook", ["PROJECT.*", "WORK.ITEM_FAILED"])
    assert endpoint.secret in said(response)
    for page in (LIST, reverse("admin:webhooks_endpoint_change", args=[endpoint.pk])):
        client.get(page)
        assert endpoint.secret not in client.get(page).content.decode()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"url": "http://127.0.0.1/"}, "not public"),
        ({"url": "ftp://example.org/"}, "http:// or https://"),
        ({"url": "https://example.org/", "types": "PROJECT.LOST"}, "PROJECT.LOST"),
        ({"url": "https://example.org/", "project_id": "5b9e7c80-58a6-4c11-9a34-3a9c1f0f5d11"}, "There is no project"),
    ],
)
def test_what_is_refused_is_told_on_the_page(client: Client, typed: dict[str, str], words: str, settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = []
    assert words in client.post(ADD, typed).content.decode()
    assert not Endpoint.objects.exists()


def test_an_endpoint_is_changed_on_its_page(client: Client, endpoint: Endpoint) -> None:
    project = project_of("rita")
    page = reverse("admin:webhooks_endpoint_change", args=[endpoint.pk])
    assert "Show its deliveries" in client.get(page).content.decode()
    client.post(page, {"url": "https://example.org/new", "types": "", "project_id": str(project.pk)})
    changed = Endpoint.objects.get()
    assert (changed.url, changed.project_id) == ("https://example.org/new", project.pk)
    assert (changed.secret, changed.owner) == (endpoint.secret, endpoint.owner)


def test_endpoints_are_disabled_with_a_reason_and_enabled(client: Client, endpoint: Endpoint) -> None:
    act(client, LIST, "disable_endpoints", endpoint, reason="Moving house.")
    endpoint.refresh_from_db()
    assert (endpoint.active, endpoint.disabled_reason) == (False, "Moving house.")
    assert "Disabled" in client.get(LIST).content.decode()
    act(client, LIST, "enable_endpoints", endpoint)
    endpoint.refresh_from_db()
    assert (endpoint.active, endpoint.disabled_reason) == (True, "")


def test_a_rotated_secret_is_shown_once(client: Client, endpoint: Endpoint) -> None:
    response = act(client, LIST, "rotate_secrets", endpoint)
    rotated = Endpoint.objects.get().secret
    assert rotated != endpoint.secret
    assert re.findall(r"whsec_\S+", said(response)) == [rotated]


def test_a_delivery_is_shown_and_sent_again(client: Client, endpoint: Endpoint, receiver: Receiver) -> None:
    (event,) = happened(1)
    Deliverer().once()
    delivery = Delivery.objects.get()
    assert "PROJECT.OPENED" in client.get(DELIVERIES, {"q": str(event.event_id)}).content.decode()
    page = client.get(reverse("admin:webhooks_delivery_change", args=[delivery.pk])).content.decode()
    assert "Taken" in page
    assert str(event.event_id) in page
    act(client, DELIVERIES, "resend_deliveries", delivery)
    Deliverer().once()
    assert receiver.figures == [1, 1]


def test_a_refused_repetition_says_why(client: Client, endpoint: Endpoint) -> None:
    happened(1)
    Deliverer().once()
    act(client, LIST, "disable_endpoints", endpoint, reason="Moving house.")
    response = act(client, DELIVERIES, "resend_deliveries", Delivery.objects.get())
    assert "enable it first" in said(response)


def test_webhooks_are_the_administrators_business(endpoint: Endpoint) -> None:
    client = signed_in(OPERATOR)
    for page in (LIST, ADD, DELIVERIES):
        assert client.get(page).status_code == 403
    assert "/admin/webhooks/" not in client.get("/admin/").content.decode()


def test_the_lists_need_as_many_queries_for_many_as_for_one(
    client: Client, endpoint: Endpoint, django_assert_max_num_queries: Any
) -> None:
    happened(*range(30))
    Deliverer().once()
    for page in (LIST, DELIVERIES):
        with django_assert_max_num_queries(20):
            client.get(page)
