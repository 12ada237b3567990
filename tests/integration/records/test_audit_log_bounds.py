"""The audit log holds what was done and nothing else, is filled by no stranger, and read by administrators alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts import audit_signals, keys
from accounts.audit import AuditRecord
from accounts.models import User
from accounts.roles import ADMINISTRATOR, ROLES
from tests.callers import account
from tests.forging import unprotected
from webhooks import services
from webhooks.models import Endpoint

pytestmark = pytest.mark.django_db
PEOPLE, LOG = "/admin/accounts/user/", "/admin/accounts/auditrecord/"
URL = "https://tickets.example.com/"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["save", "update", "rights", "key", "hook"])
def test_what_is_rolled_back_leaves_no_entry_and_what_cannot_be_recorded_is_not_done(
    monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    olga, count = account("olga"), AuditRecord.objects.count
    lawyers, hook = Group.objects.create(name="lawyers"), services.register_endpoint(olga, url=URL)
    secret = hook.secret
    acts: dict[str, Callable[[], Any]] = {
        "save": lambda: (setattr(olga, "username", "olga.new"), olga.save()),
        "update": lambda: User.objects.update(is_active=False),
        "rights": lambda: olga.groups.add(lawyers),
        "key": lambda: keys.make_key(olga, name="k", scopes=["read"], lifetime=None),
        "hook": lambda: services.rotate_secret(hook),
    }
    before = count()
    with transaction.atomic():
        acts[act]()
        assert count() > before
        transaction.set_rollback(True)
    assert count() == before
    with connection.execute_wrapper(refusing), pytest.raises(IntegrityError):
        acts[act]()
    olga = User.objects.get(pk=olga.pk)
    assert (olga.username, olga.is_active, olga.groups.count(), olga.keys.count()) == ("olga", True, 0, 0)
    assert Endpoint.objects.get(pk=hook.pk).secret == secret


def refusing(execute: Any, sql: str, *rest: Any) -> Any:
    """A database that takes no entry of the audit log."""
    if sql.startswith('INSERT INTO "accounts_auditrecord"'):
        raise IntegrityError("no room")
    return execute(sql, *rest)


def test_failed_sign_ins_of_one_name_and_address_are_one_row_an_hour(client: Client) -> None:
    for _ in range(3):
        client.post("/sign-in/", {"username": "ann", "password": "guess"})
    client.post("/sign-in/", {"username": "ann", "password": "guess"}, REMOTE_ADDR="192.0.2.9")
    assert sorted(failures().values_list("target", "address", "count")) == [
        ("ann", "127.0.0.1", 3),
        ("ann", "192.0.2.9", 1),
    ]
    with unprotected():
        failures().update(recorded_at=timezone.now() - timedelta(hours=1, seconds=1))
    client.post("/sign-in/", {"username": "ann", "password": "guess"})
    assert failures().count() == 3


def test_a_stranger_with_many_names_fills_no_table_and_hides_no_account(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_signals, "MOST_FAILURES", 3)
    account("ann")
    for name in (*"abcdef", "ann", "ann", "x" * 200, "a\ud800\x1b[31m"):
        audit_signals.record_failed_sign_in(None, {"username": name}, None)
    assert list(failures().order_by("pk").values_list("target", "count")) == [
        *(("a", 1), ("b", 1), ("c", 1)),
        *(("", 5), ("ann", 2)),
    ]


def test_what_was_typed_as_a_name_is_cut_and_can_be_stored() -> None:
    for typed in ("x" * 200, "a\ud800\x00\x1b[31m", None, 7):
        audit_signals.record_failed_sign_in(None, {"username": typed}, None)
    kept = list(failures().order_by("pk").values_list("target", flat=True))
    assert kept == ["x" * 150, "a���[31m", "None", "7"]


def failures() -> Any:
    """The rows about failed sign-ins."""
    return AuditRecord.objects.filter(action=AuditRecord.Action.SIGN_IN_FAILED)


@pytest.mark.parametrize("role", [*ROLES, "", "superuser"])
def test_administrators_and_superusers_read_the_log_and_nobody_else(role: str) -> None:
    client = Client()
    user = account("someone", role if role in ROLES else "", is_superuser=role == "superuser")
    User.objects.filter(pk=user.pk).update(is_staff=True)
    client.force_login(user)
    entry = AuditRecord.objects.latest("pk")
    open_to = role in (ADMINISTRATOR, "superuser")
    for page in (LOG, f"{LOG}{entry.pk}/change/"):
        assert client.get(page).status_code == (200 if open_to else 403)
    assert (LOG in client.get("/admin/").content.decode()) is open_to


def test_nobody_adds_changes_or_deletes_an_entry(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    entry = AuditRecord.objects.latest("pk")
    for end in ("add/", f"{entry.pk}/delete/", f"{entry.pk}/change/"):
        assert client.post(f"{LOG}{end}", {"details": "forged", "post": "yes"}).status_code == 403
    client.post(LOG, {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"})
    assert AuditRecord.objects.get(pk=entry.pk).details == entry.details


def test_accounts_are_deactivated_and_not_deleted(client: Client) -> None:
    olga = account("olga")
    client.force_login(User.objects.create_superuser("root"))
    assert client.post(f"{PEOPLE}{olga.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(PEOPLE, {"action": "delete_selected", "_selected_action": [olga.pk], "post": "yes"})
    assert User.objects.filter(pk=olga.pk).exists()
