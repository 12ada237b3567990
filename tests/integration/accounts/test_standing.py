"""Nobody acts on an account above their own: not by its form, its password, its roles or its keys."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts import keys
from accounts.granting import role_of
from accounts.models import ApiKey, User
from accounts.rank import has_rights_beyond
from accounts.roles import ADMINISTRATOR, OPERATOR, REQUESTER
from tests.callers import account, group

pytestmark = pytest.mark.django_db

KEYS = reverse("admin:accounts_apikey_add")


@pytest.fixture
def ann() -> User:
    """An administrator."""
    return account("ann", ADMINISTRATOR)


@pytest.fixture
def browser(client: Client, ann: User) -> Client:
    """Her browser."""
    client.force_login(ann)
    return client


@pytest.fixture
def root() -> User:
    """A superuser."""
    return User.objects.create_superuser("root", password="unknown to all")


def form_of(user: User, **changes: object) -> dict[str, object]:
    """The account's form as it is sent."""
    return {"save": "1", "username": user.username, "email": user.email, "role": role_of(user)} | changes


def change(browser: Client, user: User, **changes: object) -> int:
    """Send the account's form."""
    return browser.post(reverse("admin:accounts_user_change", args=[user.pk]), form_of(user, **changes)).status_code


def test_an_administrator_does_not_become_superuser(browser: Client, ann: User) -> None:
    change(browser, ann, is_superuser="on", user_permissions=[1, 2, 3])
    ann.refresh_from_db()
    assert (ann.is_superuser, ann.user_permissions.count()) == (False, 0)


def test_a_superusers_account_is_changed_by_no_administrator(browser: Client, root: User) -> None:
    change(browser, root, username="toor")
    change(browser, root, temporary_password="1")
    assert browser.post(reverse("admin:accounts_user_delete", args=[root.pk]), {"post": "yes"}).status_code == 403
    root.refresh_from_db()
    assert (root.username, root.check_password("unknown to all")) == ("root", True)


def test_many_accounts_are_not_deleted_at_once(browser: Client, root: User) -> None:
    browser.post(
        reverse("admin:accounts_user_changelist"),
        {"action": "delete_selected", "_selected_action": [root.pk], "post": "yes"},
    )
    assert User.objects.filter(pk=root.pk).exists()


def test_a_role_with_more_rights_than_ones_own_is_not_given(browser: Client, ann: User) -> None:
    beyond = group(OPERATOR)
    beyond.permissions.add(*User.user_permissions.field.related_model.objects.filter(codename="delete_group"))
    rita = account("rita", REQUESTER)
    assert OPERATOR not in browser.get(reverse("admin:accounts_user_change", args=[rita.pk])).content.decode()
    assert change(browser, rita, role=OPERATOR) == 200
    assert not User.objects.get(username="rita").groups.filter(pk=beyond.pk).exists()


@pytest.mark.parametrize("name", ["root", "olga", "ann2"])
def test_an_administrator_makes_nobodys_key_but_machines_and_their_own(browser: Client, root: User, name: str) -> None:
    people = {"root": root, "olga": account("olga", OPERATOR), "ann2": account("ann2", ADMINISTRATOR)}
    browser.post(KEYS, {"user": people[name].pk, "name": "k", "scopes": ["read"], "days": 1})
    assert not ApiKey.objects.exists()


def test_an_administrator_makes_keys_of_machines_and_of_their_own(browser: Client, ann: User) -> None:
    for user in (account("bot", OPERATOR, is_service=True), ann):
        browser.post(KEYS, {"user": user.pk, "name": "k", "scopes": ["read"], "days": 1})
    assert ApiKey.objects.count() == 2


def test_keys_of_others_are_not_rotated_and_those_above_not_revoked(browser: Client, root: User) -> None:
    theirs = keys.make_key(account("olga", OPERATOR), name="o", scopes=["read"], lifetime=None)[0]
    above = keys.make_key(root, name="r", scopes=["read"], lifetime=None)[0]
    page = reverse("admin:accounts_apikey_changelist")
    for action in ("rotate_keys", "revoke_keys"):
        browser.post(page, {"action": action, "_selected_action": [theirs.pk, above.pk]})
    assert ApiKey.objects.count() == 2
    assert {key.name: bool(key.revoked_at) for key in ApiKey.objects.all()} == {"o": True, "r": False}


def test_the_text_of_a_key_is_in_no_cookie(browser: Client, ann: User) -> None:
    response = browser.post(KEYS, {"user": ann.pk, "name": "k", "scopes": ["read"], "days": 1})
    assert "messages" not in response.cookies
    assert "ilk_" in browser.get(reverse("admin:accounts_apikey_changelist")).content.decode()
    assert "ilk_" not in browser.get(reverse("admin:accounts_apikey_changelist")).content.decode()


def test_an_account_that_is_switched_off_still_counts_with_its_rights(ann: User) -> None:
    former = account("sue", ADMINISTRATOR, is_active=False)
    assert has_rights_beyond(former, account("olga", OPERATOR))
    assert not has_rights_beyond(former, ann)
