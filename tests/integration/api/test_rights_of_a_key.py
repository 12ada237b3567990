"""What a key may do is looked up for each request, in one statement: a change counts from the next request on."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from accounts import keys
from accounts.key_lookup import find_key
from accounts.models import ApiKey, User
from accounts.roles import ANSWERER, OPERATOR
from tests.callers import Caller, account, group, machine

pytestmark = pytest.mark.django_db


def status(caller: Caller) -> int:
    """How the list of dead letters, for which a permission is needed, is answered."""
    return int(caller.get("dead-letters").status_code)


def user_of(caller: Caller) -> User:
    """The account of the caller."""
    assert caller.user is not None
    return caller.user


def test_a_key_is_found_with_its_account_and_its_rights_in_one_statement(django_assert_num_queries: Any) -> None:
    user = account("bot", OPERATOR, is_service=True, language="fr")
    user.user_permissions.add(Permission.objects.get(codename="add_user"))
    user.groups.add(group(ANSWERER))
    made, text = keys.make_key(user, name="t", scopes=["read"], lifetime=timedelta(days=1))
    with django_assert_num_queries(1):
        found = find_key(keys.key_digest(text))
        assert found is not None
        permissions = found.user.get_all_permissions()
    known = User.objects.get(pk=user.pk)
    assert permissions == known.get_all_permissions() > {"accounts.add_user", "events.view_event"}
    for stored, row in ((ApiKey.objects.get(pk=made.pk), found), (known, found.user)):
        names = [field.attname for field in type(stored)._meta.concrete_fields]
        assert {name: getattr(row, name) for name in names} == {name: getattr(stored, name) for name in names}


def test_an_account_without_a_role_has_no_rights_and_a_superuser_all() -> None:
    for name, is_superuser in (("nobody", False), ("root", True)):
        user = account(name, is_superuser=is_superuser)
        found = find_key(keys.key_digest(keys.make_key(user, name="t", scopes=["read"], lifetime=None)[1]))
        assert found is not None
        assert found.user.get_all_permissions() == user.get_all_permissions()


def test_a_role_that_is_taken_away_counts_at_once() -> None:
    bot = machine("bot", OPERATOR)
    assert status(bot) == 200
    user_of(bot).groups.clear()
    assert status(bot) == 403


def test_a_permission_that_a_role_loses_counts_at_once() -> None:
    bot = machine("bot", OPERATOR)
    assert status(bot) == 200
    group(OPERATOR).permissions.remove(Permission.objects.get(codename="view_deadletter"))
    assert status(bot) == 403


def test_a_key_that_is_revoked_expires_or_loses_its_account_ends_at_once() -> None:
    for change in (
        lambda bot: ApiKey.objects.filter(user=user_of(bot)).update(revoked_at=timezone.now()),
        lambda bot: ApiKey.objects.filter(user=user_of(bot)).update(expires_at=timezone.now()),
        lambda bot: User.objects.filter(pk=user_of(bot).pk).update(is_active=False),
    ):
        bot = machine(f"bot-{User.objects.count()}", OPERATOR)
        assert status(bot) == 200
        change(bot)
        assert status(bot) == 401
