"""Keys: shown once, limited to their scopes, ended by time, by rotation and by revoking."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, BrowserSession, User
from accounts.roles import ADMINISTRATOR, ANSWERER
from accounts.scopes import QUESTIONS
from api.rules import Rule
from tests.callers import Caller, account, machine

pytestmark = pytest.mark.django_db


def status_with(text: str) -> int:
    """What the key opens the door with."""
    return int(Caller(None, authorization=f"Bearer {text}").get("me").status_code)


def run(*words: str) -> str:
    """What the command prints."""
    out = StringIO()
    call_command(*words, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_a_key_is_shown_once_and_kept_as_a_digest() -> None:
    call_command("person", "bot", "--service", "--role", ANSWERER, stdout=StringIO())
    text = run("apikey", "make", "bot", "--name", "tickets", "--scope", "read").strip()
    [key] = ApiKey.objects.all()
    assert text.startswith(f"ilk_{key.prefix}_")
    assert text not in str(list(ApiKey.objects.values()))
    assert text not in run("apikey", "list")
    assert status_with(text) == 200
    assert ApiKey.objects.get().last_used_at is not None


def test_a_key_begins_no_session() -> None:
    bot = machine("bot", ANSWERER)
    answer = bot.get("me")
    assert (answer.status_code, dict(answer.cookies)) == (200, {})
    assert not Session.objects.exists()
    assert not BrowserSession.objects.exists()


@pytest.mark.parametrize("text", ["", "ilk_00000000_x", "nonsense", "é"])
def test_a_text_that_is_no_key_opens_nothing(text: str) -> None:
    assert status_with(text) == 401


def test_a_key_ends_with_its_time_its_owner_and_its_revoking() -> None:
    user = account("bot", is_service=True)
    made = [keys.make_key(user, name="t", scopes=["read"], lifetime=timedelta(hours=1)) for _ in range(2)]
    (timed, its_text), (revoked, text) = made
    ApiKey.objects.filter(pk=timed.pk).update(expires_at=timezone.now())
    run("apikey", "revoke", revoked.prefix)
    assert (status_with(its_text), status_with(text)) == (401, 401)
    _key, third = keys.make_key(user, name="t", scopes=["read"], lifetime=None)
    User.objects.update(is_active=False)
    assert status_with(third) == 401


def test_a_rotated_key_goes_on_for_a_day_unless_it_ends_at_once() -> None:
    user = account("bot", is_service=True)
    key, old = keys.make_key(user, name="t", scopes=["read"], lifetime=timedelta(days=30))
    new = run("apikey", "rotate", key.prefix).strip()
    assert (status_with(old), status_with(new)) == (200, 200)
    key.refresh_from_db()
    assert key.expires_at is not None
    assert key.expires_at - timezone.now() < timedelta(hours=25)
    run("apikey", "rotate", key.prefix, "--at-once")
    assert status_with(old) == 401


@pytest.mark.parametrize("scope", ["everything", "work:", "work:Cost", "*"])
def test_an_unknown_scope_is_refused_with_those_there_are(scope: str) -> None:
    account("bot", is_service=True)
    with pytest.raises(CommandError, match="read, projects"):
        run("apikey", "make", "bot", "--name", "t", "--scope", scope)


def test_nobody_signs_in_as_a_machine() -> None:
    call_command("person", "bot", "--service", "--role", ADMINISTRATOR, stdout=StringIO())
    bot = User.objects.get()
    assert (bot.is_staff, bot.has_usable_password()) == (False, False)


def test_a_key_gives_no_more_than_its_owner_may_and_its_scopes_name() -> None:
    reader = machine("reader", ANSWERER, "read")
    assert reader.user is not None
    reader.user.key = reader.user.keys.get()
    assert reader.user.has_perm("backlog.view_project")
    assert not reader.user.has_perm("clarifications.change_question")
    assert not reader.user.has_perm("events.view_event")


def test_where_a_person_decides_neither_a_key_nor_a_machine_comes_in() -> None:
    decides, ann = Rule(QUESTIONS, people_only=True), account("ann", ANSWERER)
    assert decides.allows(ann)
    ann.key, _text = keys.make_key(ann, name="k", scopes=[QUESTIONS], lifetime=None)
    assert not decides.allows(ann)
    assert not decides.allows(account("bot", ANSWERER, is_service=True))


def test_an_administrator_makes_rotates_and_revokes_keys_in_the_admin(client: Client) -> None:
    bot, ada = account("bot", is_service=True), account("ada", ADMINISTRATOR)
    client.force_login(ada)
    said: dict[str, Any] = {"user": bot.pk, "name": "tickets", "scopes": ["read"], "agents": "cost_worker", "days": 30}
    page = client.post("/admin/accounts/apikey/add/", said, follow=True).content.decode()
    [key] = ApiKey.objects.all()
    assert f"ilk_{key.prefix}_" in page
    assert key.scopes == ["read", "work:cost_worker"]
    assert f"ilk_{key.prefix}_" not in client.get(f"/admin/accounts/apikey/{key.pk}/change/").content.decode()
    for action, live in (("rotate_keys", 2), ("revoke_keys", 1)):
        client.post("/admin/accounts/apikey/", {"action": action, "_selected_action": [key.pk]})
        assert ApiKey.objects.live().count() == live
    for faulty, words in (
        ({"agents": "All"}, "There is no scope"),
        ({"scopes": [], "agents": ""}, "at least one scope"),
    ):
        assert words in client.post("/admin/accounts/apikey/add/", {**said, **faulty}).content.decode()
    assert ApiKey.objects.count() == 2


def test_a_key_has_a_name_that_gives_a_terminal_no_orders(capsys: pytest.CaptureFixture[str]) -> None:
    keys.make_key(account("amy", ANSWERER), name="\x1b]0;owned\x07 \u202egnp", scopes=["read"], lifetime=None)
    call_command("apikey", "list")
    assert not set(capsys.readouterr().out) & set("\x1b\x07\u202e")
