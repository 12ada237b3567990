"""Each endpoint is told in order and at least once, whatever happens to it, to others and to us."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from events.faults import InjectedFault, reached
from tests.receivers import Receiver, happened, receiving
from webhooks.delivery import LEASE_SECONDS, Deliverer, lease_endpoints
from webhooks.models import Delivery, Endpoint
from webhooks.services import register_endpoint

pytestmark = [pytest.mark.spine, pytest.mark.django_db]


def wait_is_over(endpoint: Endpoint) -> None:
    """The time of its next attempt has come."""
    Endpoint.objects.filter(pk=endpoint.pk).update(next_attempt_at=timezone.now(), leased_until=None)


@pytest.mark.both
def test_events_come_in_order_and_once(endpoint: Endpoint, receiver: Receiver) -> None:
    events = happened(*range(30))
    Deliverer().once()
    assert Deliverer().once() == 0
    assert receiver.ids == [str(event.event_id) for event in events]
    assert set(endpoint.deliveries.values_list("state", "attempts", "response_status")) == {("delivered", 1, 200)}


def test_nothing_that_happened_before_it_was_registered_is_told(receiver: Receiver, owner: User) -> None:
    happened(1)
    register_endpoint(owner, url=receiver.url)
    happened(2)
    Deliverer().once()
    assert receiver.figures == [2]


def test_order_is_kept_while_the_receiver_is_down_and_when_it_is_back(owner: User) -> None:
    with receiving() as receiver:
        endpoint = register_endpoint(owner, url=receiver.url)
    happened(1, 2)
    Deliverer().once()
    happened(3)
    wait_is_over(endpoint)
    Deliverer().once()
    assert endpoint.deliveries.get(event__payload__figure=1).attempts == 2
    assert not endpoint.deliveries.exclude(event__payload__figure=1).filter(attempts__gt=0).exists()
    wait_is_over(endpoint)
    with receiver.serving():
        Deliverer().once()
    assert receiver.figures == [1, 2, 3]


def test_a_failing_endpoint_waits_longer_each_time(endpoint: Endpoint, receiver: Receiver, settings: Any) -> None:
    settings.WEBHOOK_RETRY_SECONDS = 100.0
    receiver.status = 503
    happened(1)
    for failures, seconds in enumerate((100, 200, 400), start=1):
        before = timezone.now()
        Deliverer().once()
        endpoint.refresh_from_db()
        assert endpoint.next_attempt_at is not None
        assert 0.79 * seconds < (endpoint.next_attempt_at - before).total_seconds() < 1.21 * seconds + 5
        assert endpoint.failures == failures
        assert Deliverer().once() == 0
        wait_is_over(endpoint)


def test_a_success_forgets_the_failures(endpoint: Endpoint, receiver: Receiver) -> None:
    receiver.status = 500
    happened(1)
    Deliverer().once()
    receiver.status = 204
    wait_is_over(endpoint)
    Deliverer().once()
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.failing_since, endpoint.next_attempt_at) == (0, None, None)


def test_a_failing_endpoint_holds_back_no_other(endpoint: Endpoint, receiver: Receiver, owner: User) -> None:
    receiver.status = 500
    with receiving() as other:
        register_endpoint(owner, url=other.url)
        happened(1, 2, 3)
        Deliverer().once()
    assert other.figures == [1, 2, 3]
    assert receiver.figures == [1]


@pytest.mark.both
def test_a_crash_after_sending_sends_the_same_id_again(endpoint: Endpoint, receiver: Receiver, settings: Any) -> None:
    reached.clear()
    settings.FAULT_POINTS = {"webhooks.after_send": "raise:2"}
    first, second, third = happened(1, 2, 3)
    with pytest.raises(InjectedFault):
        Deliverer().once()
    assert Deliverer().once() == 0, "nobody serves it before the lease lapses"
    wait_is_over(endpoint)
    Deliverer().once()
    assert receiver.ids == [str(event.event_id) for event in (first, second, second, third)]
    assert endpoint.deliveries.filter(state=Delivery.State.DELIVERED).count() == 3


@pytest.mark.both
def test_an_endpoint_is_leased_to_one_and_lapses(endpoint: Endpoint) -> None:
    (event,) = happened(1)
    assert len(lease_endpoints(event.seq, 5)) == 1
    assert lease_endpoints(event.seq, 5) == []
    lapsed = timezone.now() - timedelta(seconds=LEASE_SECONDS)
    Endpoint.objects.filter(pk=endpoint.pk).update(leased_until=lapsed)
    assert len(lease_endpoints(event.seq, 5)) == 1


def test_a_redirect_is_a_failure_and_is_not_followed(endpoint: Endpoint, receiver: Receiver) -> None:
    with receiving() as home:
        receiver.status, receiver.location = 307, home.url
        happened(1)
        Deliverer().once()
    assert home.requests == []
    delivery = endpoint.deliveries.get()
    assert (delivery.state, delivery.response_status) == (Delivery.State.PENDING, 307)


def test_what_went_wrong_is_kept(endpoint: Endpoint, receiver: Receiver) -> None:
    receiver.status, receiver.says = 500, b"Out of \x00 order \xff" + b"x" * 5000
    happened(1)
    Deliverer().once()
    delivery = endpoint.deliveries.get()
    assert delivery.error == "The receiver answered 500."
    assert delivery.response_excerpt.startswith("Out of \\0 order")
    assert len(delivery.response_excerpt) == 500
    assert delivery.duration_ms is not None
