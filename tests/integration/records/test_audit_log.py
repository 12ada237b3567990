"""What concerns accounts, roles, keys and webhooks is in the audit log, whichever door it came through."""

import re
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import audit, keys
from accounts.audit import AuditRecord
from accounts.models import ApiKey, User
from accounts.roles import ANSWERER, OPERATOR, REQUESTER
from tests.audit_scene import HOOKS, KEYS, PASSWORD, PEOPLE, Scene, rest
from tests.callers import group
from webhooks import services
from webhooks.models import Endpoint

pytestmark = pytest.mark.django_db


def renamed(user: User) -> None:
    user.username, user.is_active = "olga.new", False
    user.save()


def given_one_by_one(user: User) -> None:
    user.user_permissions.add(Permission.objects.get(codename="delete_user"))
    user.user_permissions.clear()


def from_the_other_side(user: User) -> None:
    user.groups.first().user_set.remove(user)
    group(ANSWERER).user_set.add(user)


def set_in_bulk(user: User) -> None:
    user.email = "o@example.org"
    User.objects.bulk_update([user], ["email"])


def role_of_ones_own(user: User) -> None:
    lawyers = Group.objects.create(name="lawyers")
    user.groups.add(lawyers)
    lawyers.name = "solicitors"
    lawyers.save()
    lawyers.delete()


def signing_in(scene: Scene) -> Any:
    return Client().post("/sign-in/", {"username": "ann", "password": PASSWORD})


BOT = "key tests ({key}): "
HOOK = "webhook {hook} (https://tickets.example.com)"
BY_KEY = "bot (key {key}): "
# What is done, and what the log says of it.
DOORS: dict[str, tuple[Callable[[Scene], Any], list[str]]] = {
    "a sign-in": (signing_in, ["ann: signed-in ann | password"]),
    "a sign-in that failed": (
        lambda s: Client().post("/sign-in/", {"username": "ann", "password": "guess"}),
        ["nobody: sign-in-failed ann | "],
    ),
    "a sign-in of an account that is switched off": (
        lambda s: (User.objects.filter(pk=s.ann.pk).update(is_active=False), signing_in(s)),
        ["command line: account-changed ann | is active: yes → no", "nobody: sign-in-failed ann | "],
    ),
    "a sign-out": (lambda s: s.browser.post("/sign-out/"), ["ann: signed-out ann | "]),
    "a sign-out of nobody": (lambda s: Client().post("/sign-out/"), []),
    "a new person in the admin": (
        lambda s: s.browser.post(f"{PEOPLE}add/", {"username": "new", "email": "new@example.org", "role": OPERATOR}),
        [
            "ann: account-made new | email: new@example.org",
            "ann: rights-given new | role: operator",
            "ann: account-changed new | is staff: no → yes",
        ],
    ),
    "a changed person in the admin": (
        lambda s: s.form(s.olga, username="olga.new", email="o@example.org"),
        ["ann: account-changed olga.new | username: olga → olga.new; email: nothing → o@example.org"],
    ),
    "a person deactivated in the admin": (
        lambda s: s.pressed(s.bot, deactivate="1"),
        [
            "ann: account-changed bot | is active: yes → no",
            "ann: key-revoked bot | " + BOT + "revoked at: nothing → {now}",
        ],
    ),
    "another role in the admin": (
        lambda s: s.form(s.olga, role=ANSWERER),
        ["ann: rights-taken olga | role: operator", "ann: rights-given olga | role: answerer"],
    ),
    "a password set in the admin": (
        lambda s: s.pressed(s.olga, temporary_password="1"),
        ["ann: password-changed olga | set", "ann: account-changed olga | must change password: no → yes"],
    ),
    "a new person at the command line": (
        lambda s: call_command("person", "new", role=OPERATOR, email="n@example.org"),
        [
            "command line: account-made new | email: n@example.org",
            "command line: rights-given new | role: operator",
            "command line: account-changed new | is staff: no → yes",
        ],
    ),
    "a role taken at the command line": (
        lambda s: call_command("person", "olga", remove=OPERATOR),
        ["command line: rights-taken olga | role: operator", "command line: account-changed olga | is staff: yes → no"],
    ),
    "a superuser made by Django's command": (
        lambda s: call_command("createsuperuser", interactive=False, username="root", email="r@example.org"),
        ["command line: account-made root | is superuser: yes; email: r@example.org; is staff: yes"],
    ),
    "a row saved": (
        lambda s: renamed(s.olga),
        ["command line: account-changed olga.new | username: olga → olga.new; is active: yes → no"],
    ),
    "rows updated": (
        lambda s: User.objects.filter(username__in=["olga", "bot"]).update(is_superuser=True),
        [f"command line: account-changed {name} | is superuser: no → yes" for name in ("olga", "bot")],
    ),
    "rows updated in bulk": (
        lambda s: set_in_bulk(s.olga),
        ["command line: account-changed olga | email: nothing → o@example.org"],
    ),
    "rows made in bulk": (
        lambda s: User.objects.bulk_create([User(username="one"), User(username="two", is_service=True)]),
        ["command line: account-made one | ", "command line: account-made two | is service: yes"],
    ),
    "a password stored by hand": (
        lambda s: User.objects.filter(pk=s.olga.pk).update(password="md5$a$b"),
        ["command line: password-changed olga | stored anew"],
    ),
    "an account deleted": (
        lambda s: s.bot.delete(),
        [
            "command line: key-deleted bot | key tests ({key})",
            "command line: account-deleted bot | ",
            "command line: webhook-deleted bot | " + HOOK,
        ],
    ),
    "a permission given and all taken": (
        lambda s: given_one_by_one(s.olga),
        [f"command line: rights-{word} olga | permission: accounts.delete_user" for word in ("given", "taken")],
    ),
    "a role from the other side": (
        lambda s: from_the_other_side(s.olga),
        [
            "command line: rights-taken olga | role: operator",
            "command line: rights-given olga | role: answerer",
        ],
    ),
    "a role made, renamed and deleted": (
        lambda s: role_of_ones_own(s.olga),
        [
            "command line: role-made role lawyers | ",
            "command line: rights-given olga | role: lawyers",
            "command line: role-changed role solicitors | before: lawyers",
            "command line: role-deleted role solicitors | taken from: olga",
        ],
    ),
    "a role with other permissions": (
        lambda s: group(REQUESTER).permissions.set([Permission.objects.get(codename="delete_user")]),
        [
            "command line: rights-taken role requester | permission: backlog.add_project",
            "command line: rights-given role requester | permission: accounts.delete_user",
        ],
    ),
    "a key in the admin": (
        lambda s: s.browser.post(f"{KEYS}add/", {"user": s.bot.pk, "name": "k", "scopes": ["read"], "days": 0}),
        ["ann: key-made bot | key k ({new key}): scopes: read"],
    ),
    "a key revoked in the admin": (
        lambda s: s.chosen(KEYS, "revoke_keys", s.key),
        ["ann: key-revoked bot | " + BOT + "revoked at: nothing → {now}"],
    ),
    "a key rotated at the command line": (
        lambda s: call_command("apikey", "rotate", s.key.prefix),
        [
            "command line: key-made bot | key tests ({new key}): scopes: {scopes}",
            "command line: key-rotated bot | " + BOT + "successor: {new key}; expires at: nothing → {end}",
        ],
    ),
    "a key widened": (
        lambda s: ApiKey.objects.filter(pk=s.key.pk).update(scopes=["read"]),
        ["command line: key-changed bot | " + BOT + "scopes: {scopes} → read"],
    ),
    "a webhook in the admin": (
        lambda s: s.browser.post(f"{HOOKS}add/", {"url": "https://a.example.com/b", "types": "PROJECT.*"}),
        [
            "ann: webhook-made ann | webhook {new hook} (https://a.example.com): "
            "url: https://a.example.com/…; types: PROJECT.*; secret: set"
        ],
    ),
    "a webhook changed by REST": (
        lambda s: s.caller.patch(f"webhooks/{s.hook.pk}", {"url": "https://b.example.com/c"}),
        [
            BY_KEY + "webhook-changed bot | webhook {hook} (https://b.example.com): "
            "url: https://tickets.example.com/… → https://b.example.com/…"
        ],
    ),
    "a webhook's secret rotated by REST": (
        lambda s: rest(s, "rotate"),
        [BY_KEY + "webhook-secret-rotated bot | " + HOOK],
    ),
    "a webhook disabled and enabled": (
        lambda s: (rest(s, "disable", reason="Away."), rest(s, "enable")),
        [BY_KEY + "webhook-disabled bot | " + HOOK + ": Away.", BY_KEY + "webhook-enabled bot | " + HOOK],
    ),
    "a webhook disabled in the admin": (
        lambda s: s.chosen(HOOKS, "disable_endpoints", s.hook, reason="Away."),
        ["ann: webhook-disabled bot | " + HOOK + ": Away."],
    ),
}


@pytest.mark.parametrize("door", DOORS)
def test_the_log_has_what_was_done_by_whom_and_to_whom(scene: Scene, door: str) -> None:
    act, expected = DOORS[door]
    scopes = ", ".join(scene.key.scopes)
    act(scene)
    key, hook = ApiKey.objects.first(), Endpoint.objects.last()
    made = {"new key": key and key.prefix, "new hook": hook and hook.pk, "scopes": scopes}
    ended = ApiKey.objects.filter(pk=scene.key.pk).first() or scene.key
    moments = {"now": ended.revoked_at, "end": ended.expires_at}
    named = {"key": scene.key.prefix, "hook": scene.hook.pk, **made, **moments}
    assert sorted(scene.log()) == sorted(line.format(**named) for line in expected)


def test_no_entry_holds_a_secret(scene: Scene) -> None:
    _key, text = keys.make_key(scene.bot, name="k", scopes=["read"], lifetime=None)
    services.rotate_secret(scene.hook)
    scene.pressed(scene.olga, temporary_password="1")
    [given] = re.findall(
        r": (\S+) – copy it now", scene.browser.get(f"{PEOPLE}{scene.olga.pk}/change/").content.decode()
    )
    kept = "\n".join(scene.log())
    scene.olga.refresh_from_db()
    for secret in (
        text,
        keys.key_digest(text),
        scene.hook.secret,
        scene.olga.password,
        given,
        "token",
        "secret-path",
    ):
        assert secret not in kept


def test_an_entry_says_when_by_the_databases_clock_and_from_where_whatever_a_header_says(scene: Scene) -> None:
    scene.pressed(scene.olga, temporary_password="1")
    entry = AuditRecord.objects.latest("pk")
    assert (entry.address, entry.actor_id, entry.target_id) == ("192.0.2.7", scene.ann.pk, scene.olga.pk)
    assert abs(timezone.now() - entry.recorded_at) < timedelta(minutes=1)


def test_the_command_line_says_which_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/srv/manage.py", "person", "olga"])
    assert audit.command_name() == "command line (manage.py person)"
    monkeypatch.setattr(sys, "argv", ["script.py", "x"])
    assert audit.command_name() == "command line"


def test_what_changes_often_is_not_recorded_and_asks_nothing_more(django_assert_num_queries: Any, scene: Scene) -> None:
    with django_assert_num_queries(3):
        scene.hook.save(update_fields=["position"])
        Endpoint.objects.filter(pk=scene.hook.pk).update(leased_until=timezone.now())
        ApiKey.objects.filter(pk=scene.key.pk).update(last_used_at=timezone.now())
    assert scene.log() == []
