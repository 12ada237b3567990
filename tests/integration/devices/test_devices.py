"""A person's phone is told that a question waits for them: signed, without content, and nobody else's."""

import json
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest.mock import patch

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from accounts.roles import ANSWERER, REQUESTER
from clarifications.models import Question
from devices import push
from devices.models import Device
from devices.services import MOST_DEVICES, subscribe
from devices.telling import tell_due_devices
from environment.push import PushSettings
from runtime import mails
from tests.callers import account, machine
from webhooks.errors import InvalidUrl

pytestmark = pytest.mark.django_db

SECRET = 7**40
KEY = ec.derive_private_key(SECRET, ec.SECP256R1())
WHICH = {"title": "Which one?", "schema": {"type": "boolean"}}
PHONE = "https://push.example.org/send/1"


class PushService:
    """What a push service is sent, and what it answers."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, str]]] = []
        self.status, self.url = 201, ""


@pytest.fixture
def service(settings: Any, broker: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[PushService]:
    """A push service on this machine, to which nothing was sent yet; the position in the ledger begins here."""
    here = PushService()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            here.told.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(here.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here.url = f"http://127.0.0.1:{server.server_port}"
    settings.PUSH = PushSettings(SECRET, "https://interlock.example.org")
    settings.WEBHOOK_ALLOWED_HOSTS = [f"127.0.0.1:{server.server_port}"]
    monkeypatch.setattr(push, "post_request", partial(push.post_request, may_be_private=True))
    cache.clear()
    tell_due_devices()
    yield here
    server.shutdown()
    server.server_close()


def phone_of(user: User, service: PushService) -> Device:
    """A device of the person at the push service."""
    return Device.objects.create(owner=user, digest=user.username, endpoint=f"{service.url}/{user.username}")


def ask(**more: Any) -> str:
    """A program asks; return the question's id."""
    agent = machine(f"agent-{Question.objects.count()}", REQUESTER, "read", "projects")
    answered = agent.post("questions", {**WHICH, **more})
    assert answered.status_code == 201, answered.json()
    return str(answered.json()["id"])


def decoded(text: str) -> bytes:
    """The bytes of a text in base64url."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_the_phone_of_who_may_answer_is_told_once_and_no_other(service: PushService) -> None:
    ann, rita = account("ann", ANSWERER), account("rita", REQUESTER)
    gone = account("gone", ANSWERER, is_active=False)
    for user in (ann, rita, gone):
        phone_of(user, service)
    ask()
    assert [tell_due_devices() for _ in range(3)] == [1, 0, 0]
    assert [path for path, _headers in service.told] == ["/ann"]


def test_a_notice_is_signed_for_its_push_service_and_has_no_content(service: PushService) -> None:
    phone_of(account("ann", ANSWERER), service)
    question = ask()
    assert tell_due_devices() == 1
    [(_path, headers)] = service.told
    assert headers["content-length"] == "0"
    assert question not in str(headers)
    token, public = (part.partition("=")[2] for part in headers["authorization"].removeprefix("vapid ").split(", "))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(public))
    signed, _, signature = token.rpartition(".")
    r, s = (int.from_bytes(half) for half in (decoded(signature)[:32], decoded(signature)[32:]))
    key.verify(encode_dss_signature(r, s), signed.encode(), ec.ECDSA(hashes.SHA256()))
    claims = json.loads(decoded(signed.split(".")[1]))
    assert (claims["aud"], claims["sub"]) == (service.url, "https://interlock.example.org")
    assert 0 < claims["exp"] - time.time() <= 24 * 3600
    assert key.public_numbers() == KEY.public_key().public_numbers()


def test_a_subscription_that_has_ended_is_removed_and_a_failure_is_not_tried_again(service: PushService) -> None:
    phone_of(account("ann", ANSWERER), service)
    service.status = 503
    ask()
    assert [tell_due_devices(), tell_due_devices()] == [0, 0]
    assert (len(service.told), Device.objects.count()) == (1, 1)
    service.status = 410
    ask()
    tell_due_devices()
    assert not Device.objects.exists()


def test_a_person_whose_push_service_is_not_reached_costs_one_try(service: PushService) -> None:
    ann, bob = account("ann", ANSWERER), account("bob", ANSWERER)
    for number in range(3):
        Device.objects.create(owner=ann, digest=f"ann{number}", endpoint=f"http://127.0.0.1:9/{number}")
    phone_of(bob, service)
    with patch.object(push, "post_request", wraps=push.post_request) as tried:
        ask()
        assert tell_due_devices() == 1
    assert [path for path, _headers in service.told] == ["/bob"]
    assert tried.call_count == 2


def test_mails_do_not_wait_for_a_push_service_that_hangs(service: PushService, monkeypatch: pytest.MonkeyPatch) -> None:
    stopping, hanging = threading.Event(), threading.Event()

    def hang(stop: threading.Event) -> int:
        hanging.set()
        stop.wait()
        return 0

    def sent() -> int:
        assert hanging.wait(10)
        stopping.set()
        return 1

    monkeypatch.setattr(mails, "tell_due_devices", hang)
    monkeypatch.setattr(mails, "send_due_mails", sent)
    notify = threading.Thread(target=mails.notify_until, args=[stopping])
    notify.start()
    notify.join(20)
    assert not notify.is_alive()


def test_a_private_address_is_not_called(
    service: PushService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.undo()
    phone_of(account("ann", ANSWERER), service)
    ask()
    assert tell_due_devices() == 0
    assert not service.told
    assert "RefusedAddress" in caplog.text
    assert service.url not in caplog.text


def test_a_person_turns_notices_on_and_off_and_only_their_own(service: PushService, client: Client) -> None:
    ann, bob = account("ann", ANSWERER), account("bob", ANSWERER)
    client.force_login(ann)
    assert "Notices on your devices" in client.get("/preferences/").content.decode()
    client.post("/preferences/devices/", {"endpoint": PHONE}, headers={"User-Agent": "Phone 1"})
    page = client.get("/preferences/devices/").content.decode()
    assert "Phone 1" in page
    assert service_key(page) == push.public_key(PushSettings(SECRET, ""))
    client.force_login(bob)
    [device] = Device.objects.all()
    assert "Phone 1" not in client.get("/preferences/devices/").content.decode()
    client.post("/preferences/devices/remove/", {"device": device.pk})
    assert Device.objects.get().owner == ann
    client.force_login(ann)
    client.get("/preferences/devices/remove/")
    assert Device.objects.exists()
    client.post("/preferences/devices/remove/", {"device": device.pk})
    assert not Device.objects.exists()


def service_key(page: str) -> str:
    """The key to which the page has a browser subscribe."""
    return page.partition('data-push-key="')[2].partition('"')[0]


def test_a_browser_tells_the_last_person_who_subscribed_in_it_and_a_person_has_ten() -> None:
    ann, bob = account("ann"), account("bob")
    subscribe(ann, endpoint=PHONE, name="")
    subscribe(bob, endpoint=PHONE, name="")
    assert [device.owner for device in Device.objects.all()] == [bob]
    for number in range(MOST_DEVICES + 1):
        subscribe(ann, endpoint=f"{PHONE}{number}", name=str(number))
    assert {device.name for device in ann.devices.all()} == {str(number) for number in range(1, MOST_DEVICES + 1)}
    for address in ("http://push.example.org/1", "file:///etc/passwd", "", f"{PHONE}{'1' * 1000}"):
        with pytest.raises(InvalidUrl):
            subscribe(ann, endpoint=address, name="")


def test_what_a_phone_opens_asks_who_it_is_and_nothing_is_there_without_a_key(client: Client) -> None:
    assert client.get("/devices/waiting/").headers["Location"].startswith("/sign-in/")
    client.force_login(account("ann", ANSWERER))
    assert client.get("/preferences/devices/").status_code == 404
    assert "Notices on your devices" not in client.get("/preferences/").content.decode()
    assert tell_due_devices() == 0
    worker = client.get("/notices.js", headers={"Accept-Language": "fr"})
    assert worker.headers["Content-Type"].startswith("text/javascript")
    assert "interlock/notices.js" in worker.content.decode()
    assert client.get("/app.webmanifest").json()["display"] == "standalone"
