"""One bad event, one slow receiver or one ended key holds up nobody else, and a webhook sees no more than its key."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from accounts import keys
from accounts.models import ApiKey, User
from events.horizon import highest_seq
from tests import receivers
from tests.receivers import Receiver, handler, happened, project_of, receiving
from webhooks.delivery import Deliverer, lease_endpoints
from webhooks.errors import EndpointEnded, KeyTooNarrow, NotWaiting, TooManyEndpoints
from webhooks.models import Delivery, Endpoint
from webhooks.selectors import events_for
from webhooks.services import disable_endpoint, enable_endpoint, register_endpoint, resend_delivery, skip_delivery

pytestmark = [pytest.mark.spine, pytest.mark.django_db]
State = Delivery.State


@pytest.fixture(autouse=True)
def no_waits(settings: Any) -> None:
    """A receiver that failed is tried again at once."""
    settings.WEBHOOK_RETRY_SECONDS = 0.0


@pytest.fixture
def picky(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that refuses figures below zero for ever."""
    refused = PickyStatus()

    def watching(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
        class Watching(handler(receiver)):  # type: ignore[misc]
            def send_response(self, code: int, message: str | None = None) -> None:
                super().send_response(refused.of(receiver), message)

        return Watching

    monkeypatch.setattr(receivers, "handler", watching)
    with receiving() as receiver:
        yield receiver


class PickyStatus:
    """What the picky receiver answers."""

    def of(self, receiver: Receiver) -> int:
        """400 to the last request where its figure is below zero."""
        return 400 if receiver.figures[-1] < 0 else 200


def states(endpoint: Endpoint) -> list[str]:
    """The states of the endpoint's deliveries, in order."""
    return list(endpoint.deliveries.order_by("event_id").values_list("state", flat=True))


def owner_with_key(*scopes: str, name: str = "bot") -> User:
    """An account that comes with a key of these scopes, and whose project there is."""
    user = User.objects.create_superuser(name)
    user.key = keys.make_key(user, name="k", scopes=scopes, lifetime=None)[0]
    return user


# -- one event that is refused ---------------------------------------------------------------------
def test_what_is_behind_a_refused_event_is_told_on_time(owner: User, picky: Receiver) -> None:
    endpoint = register_endpoint(owner, url=picky.url)
    happened(-1, *range(500))
    Deliverer().once()
    assert [figure for figure in picky.figures if figure >= 0] == list(range(500))
    assert picky.figures.count(-1) <= 4
    assert states(endpoint) == [State.SKIPPED, *[State.DELIVERED] * 500]


def test_several_refused_events_in_a_row_hold_nobody_up(owner: User, picky: Receiver) -> None:
    endpoint = register_endpoint(owner, url=picky.url)
    happened(-1, -2, -3, -4, -5, -6, -7, 8)
    Deliverer().once()
    assert picky.figures.count(8) == 1
    assert states(endpoint) == [*[State.SKIPPED] * 7, State.DELIVERED]


def test_a_receiver_that_takes_nothing_has_nothing_skipped(endpoint: Endpoint, receiver: Receiver) -> None:
    receiver.status = 500
    happened(1, 2)
    for _turn in range(6):
        Endpoint.objects.update(next_attempt_at=None)
        Endpoint.objects.update(leased_until=None)
        Deliverer().serve(lease_endpoints(highest_seq(), 1)[0], highest_seq())
    assert State.SKIPPED not in states(endpoint)
    receiver.status = 200
    Endpoint.objects.update(next_attempt_at=None)
    Deliverer().once()
    assert set(states(endpoint)) <= {State.DELIVERED, State.SKIPPED}


def test_a_skipped_delivery_can_be_sent_again_with_its_id_and_skipped_by_hand(owner: User, picky: Receiver) -> None:
    endpoint = register_endpoint(owner, url=picky.url)
    refused, _good = happened(-1, 1)
    Deliverer().once()
    delivery = endpoint.deliveries.get(event=refused)
    tried = delivery.attempts
    skip_delivery(resend_delivery(delivery))
    Deliverer().once()
    assert picky.figures.count(-1) == tried
    resend_delivery(delivery)
    happened(2)
    Deliverer().once()
    assert picky.ids.count(str(refused.event_id)) > tried
    with pytest.raises(NotWaiting):
        skip_delivery(endpoint.deliveries.filter(state=State.DELIVERED)[0])


# -- keys and owners -------------------------------------------------------------------------------
def test_a_key_without_read_makes_no_webhook(receiver: Receiver) -> None:
    with pytest.raises(KeyTooNarrow, match="read"):
        register_endpoint(owner_with_key("webhooks"), url=receiver.url)


def test_a_webhook_sees_no_more_than_its_key(receiver: Receiver) -> None:
    endpoint = register_endpoint(owner_with_key("webhooks", "read"), url=receiver.url)
    happened(1)
    Deliverer().once()
    ApiKey.objects.update(scopes=["webhooks"])
    happened(2)
    Deliverer().once()
    endpoint.refresh_from_db()
    assert (receiver.figures, endpoint.active) == ([1], False)
    assert "may not read" in endpoint.disabled_reason


def test_a_webhook_ends_with_its_key(receiver: Receiver) -> None:
    user = owner_with_key("webhooks", "read")
    endpoint = register_endpoint(user, url=receiver.url)
    keys.revoke_key(user.keys.get())
    happened(1, project_id=project_of("bot").pk)
    Deliverer().once()
    endpoint.refresh_from_db()
    assert (receiver.requests, endpoint.active) == ([], False)
    assert "revoked" in endpoint.disabled_reason
    with pytest.raises(EndpointEnded):
        enable_endpoint(endpoint)


def test_a_key_that_may_not_read_shows_its_webhook_no_event(receiver: Receiver) -> None:
    endpoint = register_endpoint(owner_with_key("webhooks", "read"), url=receiver.url)
    told = happened(1) + happened(2, project_id=project_of("remy").pk)
    assert set(events_for(Endpoint.objects.get(pk=endpoint.pk))) >= set(told)
    ApiKey.objects.update(scopes=["webhooks"])
    assert not events_for(Endpoint.objects.get(pk=endpoint.pk)).exists()


def test_a_webhook_with_nothing_to_tell_ends_with_its_key_too(receiver: Receiver) -> None:
    user = owner_with_key("webhooks", "read")
    endpoint = register_endpoint(user, url=receiver.url)
    keys.revoke_key(user.keys.get())
    Deliverer().once()
    endpoint.refresh_from_db()
    assert not endpoint.active


def test_a_webhook_whose_key_ends_after_its_turn_began_is_told_nothing_more(receiver: Receiver) -> None:
    user = owner_with_key("webhooks", "read")
    register_endpoint(user, url=receiver.url)
    happened(1)
    [begun] = lease_endpoints(highest_seq(), 1)
    keys.revoke_key(user.keys.get())
    Deliverer().serve(begun, highest_seq())
    begun.refresh_from_db()
    assert (receiver.requests, begun.active) == ([], False)


def test_a_webhook_goes_on_with_the_successor_of_its_key(receiver: Receiver) -> None:
    user = owner_with_key("webhooks", "read")
    register_endpoint(user, url=receiver.url)
    keys.rotate_key(user.keys.get(), at_once=True)
    happened(1)
    Deliverer().once()
    assert receiver.figures == [1]


def test_a_webhook_of_somebody_who_left_is_disabled_with_the_reason(endpoint: Endpoint) -> None:
    User.objects.update(is_active=False)
    Deliverer().once()
    endpoint.refresh_from_db()
    assert (endpoint.active, endpoint.disabled_reason) == (False, "The account of the webhook's owner is deactivated.")


# -- slow receivers --------------------------------------------------------------------------------
def test_an_owner_has_so_many_webhooks_and_no_more(owner: User, receiver: Receiver, settings: Any) -> None:
    settings.WEBHOOK_MOST_ENDPOINTS = 2
    first, _second = (register_endpoint(owner, url=receiver.url) for _ in range(2))
    with pytest.raises(TooManyEndpoints):
        register_endpoint(owner, url=receiver.url)
    disable_endpoint(first, reason="Enough.")
    register_endpoint(owner, url=receiver.url)
    with pytest.raises(TooManyEndpoints):
        enable_endpoint(first)


def test_an_owner_holds_one_thread_at_most(owner: User, receiver: Receiver) -> None:
    rita = User.objects.create_superuser("rita")
    for user in (rita,) * 12 + (owner,):
        register_endpoint(user, url=receiver.url)
    [event] = happened(1)
    taken = lease_endpoints(event.seq, 8)
    assert sorted(endpoint.owner.username for endpoint in taken) == ["ada", "rita"]
    assert lease_endpoints(event.seq, 8) == []


def test_a_slow_receiver_is_put_off(endpoint: Endpoint, receiver: Receiver, settings: Any) -> None:
    settings.WEBHOOK_SLOW_SECONDS = 0.0
    happened(1, 2)
    Deliverer().serve(lease_endpoints(highest_seq(), 1)[0], highest_seq())
    endpoint.refresh_from_db()
    assert receiver.figures == [1]
    assert endpoint.next_attempt_at is not None
