"""An endpoint that wants nothing, or takes nothing for a day, is disabled with a reason; enabled, it loses nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.receivers import Receiver, happened
from webhooks import delivery
from webhooks.delivery import Deliverer
from webhooks.errors import EndpointDisabled
from webhooks.models import Delivery, Endpoint
from webhooks.services import disable_endpoint, enable_endpoint, resend_delivery

pytestmark = pytest.mark.django_db


def test_an_endpoint_that_is_gone_is_disabled_at_once(endpoint: Endpoint, receiver: Receiver) -> None:
    receiver.status = 410
    happened(1, 2)
    Deliverer().once()
    endpoint.refresh_from_db()
    assert not endpoint.active
    assert endpoint.disabled_reason == "The receiver answered 410: it wants no more events."
    assert receiver.figures == [1]
    assert set(endpoint.deliveries.values_list("state", flat=True)) == {Delivery.State.GIVEN_UP}


def test_an_endpoint_that_failed_for_too_long_is_disabled(
    endpoint: Endpoint, receiver: Receiver, settings: Any
) -> None:
    settings.WEBHOOK_GIVE_UP_SECONDS = 3600.0
    receiver.status = 500
    happened(1)
    for failing_minutes, active in ((30, True), (61, False)):
        since = timezone.now() - timedelta(minutes=failing_minutes)
        Endpoint.objects.update(failing_since=since, failures=1, next_attempt_at=None)
        Deliverer().once()
        endpoint.refresh_from_db()
        assert endpoint.active is active
    assert endpoint.disabled_reason.startswith("Nothing could be delivered since ")
    assert endpoint.disabled_reason.endswith("The receiver answered 500.")


def test_a_disabled_endpoint_is_sent_nothing(endpoint: Endpoint, receiver: Receiver) -> None:
    disable_endpoint(endpoint, reason="Moving house.")
    happened(1)
    assert Deliverer().once() == 0
    assert receiver.requests == []


def test_enabled_again_it_is_told_of_what_was_given_up_and_of_what_happened_since(
    endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.status = 410
    happened(1, 2)
    Deliverer().once()
    happened(3)
    receiver.status = 200
    endpoint.refresh_from_db()
    enable_endpoint(endpoint)
    Deliverer().once()
    assert receiver.figures == [1, 1, 2, 3]


def test_disabling_while_a_batch_is_sent_stops_it(
    endpoint: Endpoint, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = delivery.record_outcome

    def recorded(*args: Any) -> None:
        record(*args)
        disable_endpoint(Endpoint.objects.get(), reason="Enough.")

    monkeypatch.setattr(delivery, "record_outcome", recorded)
    happened(1, 2, 3)
    Deliverer().once()
    assert receiver.figures == [1]
    assert endpoint.deliveries.filter(state=Delivery.State.GIVEN_UP).count() == 2


def test_a_delivery_can_be_sent_again_with_its_id(endpoint: Endpoint, receiver: Receiver) -> None:
    event, _other = happened(1, 2)
    Deliverer().once()
    resend_delivery(endpoint.deliveries.get(event=event))
    Deliverer().once()
    assert receiver.figures == [1, 2, 1]
    assert receiver.ids[2] == receiver.ids[0] == str(event.event_id)
    delivery = endpoint.deliveries.get(event=event)
    assert (delivery.state, delivery.attempts) == (Delivery.State.DELIVERED, 2)


def test_nothing_is_sent_again_to_a_disabled_endpoint(endpoint: Endpoint) -> None:
    happened(1)
    Deliverer().once()
    disable_endpoint(endpoint, reason="Moving house.")
    with pytest.raises(EndpointDisabled, match="enable it first"):
        resend_delivery(endpoint.deliveries.get())
