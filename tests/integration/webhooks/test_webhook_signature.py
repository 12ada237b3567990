"""A receiver can tell who sent a delivery with the library of the Standard Webhooks specification."""

import json

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.receivers import Receiver, happened
from webhooks.delivery import Deliverer
from webhooks.models import Endpoint
from webhooks.services import rotate_secret

pytestmark = pytest.mark.django_db


def test_a_delivery_is_verified_and_holds_the_envelope(endpoint: Endpoint, receiver: Receiver) -> None:
    (event,) = happened(1)
    Deliverer().once()
    headers, body = receiver.requests[0]
    assert Webhook(endpoint.secret).verify(body, headers) == json.loads(event.envelope().to_wire())
    assert headers["webhook-id"] == str(event.event_id)
    assert headers["content-type"] == "application/json"


def test_a_tampered_body_or_signature_is_rejected(endpoint: Endpoint, receiver: Receiver) -> None:
    happened(1)
    Deliverer().once()
    headers, body = receiver.requests[0]
    for said, sent in (
        (headers, body.replace(b'"figure":1', b'"figure":2')),
        (headers | {"webhook-id": "another"}, body),
        (headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}, body),
        (headers | {"webhook-signature": "v1,AAAA"}, body),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(endpoint.secret).verify(sent, said)


def test_a_new_secret_signs_what_is_sent_from_then_on(endpoint: Endpoint, receiver: Receiver) -> None:
    old = endpoint.secret
    rotate_secret(endpoint)
    happened(1)
    Deliverer().once()
    headers, body = receiver.requests[0]
    assert Webhook(endpoint.secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(body, headers)
