"""A second factor: codes that work once and are counted, recovery codes, and who has to have one."""

import time
from base64 import b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import close_old_connections
from django.test import Client
from django.utils import timezone

from accounts import attempts
from accounts.audit import AuditRecord
from accounts.models import User
from accounts.roles import ADMINISTRATOR, REQUESTER
from accounts.typed_text import mark_of
from health.callers import may_see_details
from signin.adapters import PLACE, key_of_secrets
from signin.totp import code_at, counter_now
from tests.callers import account

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "a long enough password"
FACTOR = "/preferences/second-factor/"


@pytest.fixture(autouse=True)
def static_root(settings: Any) -> None:
    """The folder of static files, whose absence the web server warns of."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)


@pytest.fixture
def ann() -> User:
    """An administrator with a password and a mail address."""
    ann = account("ann", ADMINISTRATOR)
    ann.set_password(PASSWORD)
    ann.email = "ann@example.org"
    ann.save()
    return ann


@pytest.fixture(autouse=True)
def stopped(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """The clock of codes and of waits stands still; a call moves it on by seconds."""
    now = [time.time()]
    for module in ("mfa.totp.internal.auth", "account.internal.flows.login", "account.internal.flows.reauthentication"):
        monkeypatch.setattr(f"allauth.{module}.time", SimpleNamespace(time=lambda: now[0]))
    for module in ("totp", "adapters"):
        monkeypatch.setattr(f"signin.{module}.time", SimpleNamespace(time=lambda: now[0]))
    start, begun = timezone.now(), now[0]
    clock = SimpleNamespace(now=lambda: start + timezone.timedelta(seconds=now[0] - begun))
    monkeypatch.setattr(attempts, "timezone", clock)

    def pass_seconds(seconds: int) -> None:
        now[0] += seconds

    return pass_seconds


Pass = Callable[[int], None]


def browser() -> Client:
    """A browser of ann's, in which her password was right."""
    client = Client(REMOTE_ADDR="192.0.2.1")
    client.post("/sign-in/", {"username": "ann", "password": PASSWORD})
    return client


def code_of(secret: str) -> str:
    """What an app shows now for the key."""
    return code_at(secret, counter_now())


def set_up(client: Client) -> tuple[str, list[str]]:
    """The key of the app that is set up now, and the recovery codes."""
    secret = client.get(f"{FACTOR}app/").context["form"].secret
    done = client.post(f"{FACTOR}app/", {"code": code_of(secret)}, follow=True)
    assert "Your app is set up" in done.content.decode()
    return secret, list(done.context["unused_codes"])


def send(client: Client, code: str) -> Any:
    """The answer to this code."""
    return client.post("/sign-in/code/", {"code": code})


def is_in(client: Client) -> bool:
    """Whether the browser is signed in."""
    return client.get("/preferences/").status_code == 200


def test_after_the_set_up_the_password_alone_lets_nobody_in(ann: User, stopped: Pass) -> None:
    old = browser()
    secret, _codes = set_up(browser())
    assert not is_in(old)
    stopped(60)
    client = browser()
    assert not is_in(client)
    assert send(client, "000000").status_code == 200
    assert not is_in(client)
    assert send(client, code_of(secret)).status_code == 302
    assert is_in(client)
    assert User.objects.get().has_second_factor
    signed_in = AuditRecord.objects.filter(action=AuditRecord.Action.SIGNED_IN).latest("pk")
    assert signed_in.details == "password, code"
    assert "A second factor was set up" in str(mail.outbox[0].body)


def test_a_code_works_once_even_at_the_same_moment(ann: User, stopped: Pass) -> None:
    secret, _codes = set_up(browser())
    stopped(60)
    clients = [browser() for _ in range(4)]

    def try_code(client: Client) -> int:
        try:
            return send(client, code_of(secret)).status_code
        finally:
            close_old_connections()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(try_code, clients))[-2:] != [302, 302]
    assert sum(map(is_in, clients)) == 1


def test_a_recovery_code_works_once(ann: User, stopped: Pass) -> None:
    _secret, codes = set_up(browser())
    assert len(codes) == 10
    first, second = browser(), browser()
    assert send(first, f" {codes[0][:4]} {codes[0][4:]} ").status_code == 302
    assert send(second, codes[0]).status_code == 200
    assert [is_in(client) for client in (first, second)] == [True, False]


def test_a_wrong_code_counts_as_an_attempt_and_the_right_password_takes_nothing_back(ann: User, stopped: Pass) -> None:
    secret, _codes = set_up(browser())
    stopped(60)
    answers = [send(browser(), "000000") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert "Too many attempts" in answers[-1].content.decode()
    assert send(browser(), code_of(secret)).status_code == 429
    stopped(3600)
    client = browser()
    assert send(client, code_of(secret)).status_code == 302
    assert AuditRecord.objects.filter(action=AuditRecord.Action.SIGN_IN_FAILED, target="ann").exists()


def test_text_that_was_typed_without_a_session_comes_back_after_the_second_factor(ann: User, stopped: Pass) -> None:
    secret, _codes = set_up(browser())
    stopped(60)
    client = Client(REMOTE_ADDR="192.0.2.1")
    typed = {"typed_by": mark_of(ann), "language": "fr", "time_zone": "Europe/Paris"}
    kept = {"typed_before": client.post("/preferences/", typed).context["typed"].packed()}
    asked = client.post("/sign-in/", {"username": "ann", "password": PASSWORD, **kept})
    assert (asked.status_code, asked.context["typed"].packed() != "") == (200, True)
    back = client.post("/sign-in/code/", {"code": code_of(secret), **kept}).content.decode()
    assert [">Europe/Paris<" in back, "Nothing was sent." in back] == [True, True]
    assert is_in(client)


def test_no_page_of_the_second_step_exists_without_the_first(ann: User) -> None:
    assert Client().get("/sign-in/code/")["Location"] == "/sign-in/"
    assert Client().post("/sign-in/code/", {"code": "000000"})["Location"] == "/sign-in/"


def test_the_secrets_are_stored_encrypted(ann: User, settings: Any) -> None:
    secret, codes = set_up(browser())
    stored = str([row.data for row in Authenticator.objects.all()])
    assert secret not in stored
    assert not any(code in stored for code in codes)
    kept = Authenticator.objects.get(type="totp").data["secret"]
    sealed = b64decode(kept)
    assert AESGCM(key_of_secrets()).decrypt(sealed[:12], sealed[12:], PLACE).decode() == secret
    assert (len(key_of_secrets()), get_adapter().decrypt(kept)) == (32, secret)
    for broken in (kept[:-8], "x", ""):
        with pytest.raises(PermissionDenied):
            get_adapter().decrypt(broken)
    settings.SECRET_KEY = "another key, with which nothing can be read"
    client = browser()
    assert send(client, code_of(secret)).status_code == 403


def test_a_lost_factor_is_reset_and_ends_every_session(ann: User, capsys: Any) -> None:
    client = browser()
    set_up(client)
    call_command("person", "ann", reset_second_factor=True)
    assert capsys.readouterr().out == "ann has no second factor any more.\n"
    assert not is_in(client)
    assert (is_in(browser()), Authenticator.objects.count()) == (True, 0)
    changes = AuditRecord.objects.filter(action=AuditRecord.Action.ACCOUNT_CHANGED, target="ann")
    assert [row.details for row in changes][-2:] == ["has second factor: no → yes", "has second factor: yes → no"]


def test_the_password_alone_does_not_take_the_factor_away(ann: User, stopped: Pass) -> None:
    client = browser()
    secret, _codes = set_up(client)
    stopped(3600)
    asked = client.get(f"{FACTOR}app/remove/")
    assert asked["Location"].startswith(f"{FACTOR}again/")
    assert client.get(f"/preferences/password/again/?next={FACTOR}")["Location"].startswith(f"{FACTOR}again/")
    assert client.post(asked["Location"], {"code": "000000"}).status_code == 200
    assert client.post(asked["Location"], {"code": code_of(secret)})["Location"] == f"{FACTOR}app/remove/"
    assert client.post(f"{FACTOR}app/remove/").status_code == 302
    assert not User.objects.get().has_second_factor


# -- who has to have one ---------------------------------------------------------------------------
@pytest.fixture
def required(settings: Any) -> None:
    """Staff needs a second factor."""
    settings.SIGN_IN = replace(settings.SIGN_IN, second_factor="staff")


def test_staff_without_one_are_led_to_set_it_up_before_any_other_page(ann: User, required: None) -> None:
    client = browser()
    for path in ("/", "/admin/", "/admin/accounts/user/", "/preferences/", "/artifacts/x", "/nothing"):
        assert client.get(path).headers["Location"] == FACTOR, path
    refused = client.get("/api/v1/projects")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:interlock:problem:second-factor-first")
    assert "Your role needs a second factor" in client.get(FACTOR).content.decode()
    assert not may_see_details("", client.session.session_key or "")
    set_up(client)
    assert [client.get(path).status_code for path in ("/", "/admin/", "/api/v1/projects")] == [200, 200, 200]
    assert may_see_details("", client.session.session_key or "")


def test_who_has_to_have_one_cannot_take_the_last_one_away(ann: User, required: None) -> None:
    client = browser()
    set_up(client)
    page = client.post(f"{FACTOR}app/remove/")
    assert "this is your last one" in page.content.decode()
    assert User.objects.get().has_second_factor


def test_the_last_passkey_of_who_has_to_have_one_stays_and_others_go(ann: User, required: None) -> None:
    made = [
        Authenticator.objects.create(user=ann, type="webauthn", data={"name": name, "credential": {}}) for name in "ab"
    ]
    assert User.objects.get().has_second_factor
    ann.refresh_from_db()
    client = Client()
    client.force_login(ann)
    session = client.session
    session["account_authentication_methods_user"] = str(ann.pk)
    session["account_authentication_methods"] = [{"method": "mfa", "at": time.time(), "reauthenticated": True}]
    session.save()
    answers = [client.post(f"{FACTOR}passkeys/{row.pk}/remove/") for row in made]
    assert [answer.status_code for answer in answers] == [302, 409]
    assert "this is your last one" in answers[1].content.decode()
    assert User.objects.get().has_second_factor


def test_nobody_resets_the_factor_of_an_account_above_their_own(ann: User) -> None:
    olga, root = account("olga", REQUESTER), User.objects.create_superuser("root")
    for user in (olga, root):
        Authenticator.objects.create(user=user, type="webauthn", data={"name": "x", "credential": {}})
    asked = {"action": "reset_second_factors", "_selected_action": [olga.pk, root.pk]}
    page = browser().post("/admin/accounts/user/", asked, follow=True).content.decode()
    assert ["Olga has no second factor" in page, "Root has rights" in page] == [True, True]
    assert {row.user for row in Authenticator.objects.all()} == {root}


def test_a_requester_needs_none_where_staff_needs_one(ann: User, required: None, settings: Any) -> None:
    rita = Client()
    rita.force_login(account("rita", REQUESTER))
    assert rita.get("/").status_code == 200
    settings.SIGN_IN = replace(settings.SIGN_IN, second_factor="everybody")
    assert rita.get("/").headers["Location"] == FACTOR
