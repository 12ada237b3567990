"""Nobody acts on an account above their own, gives more than they have, or makes keys in another person's name."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.core.management import call_command
from django.test import Client

from accounts import keys
from accounts.models import ApiKey, User
from accounts.rank import AccountHasMoreRights
from accounts.roles import ADMINISTRATOR, ANSWERER, OPERATOR, ROLES

pytestmark = pytest.mark.django_db
KEYS = "/admin/accounts/apikey/"
SECRET = "a long enough password"


def account(name: str, role: str = "", **more: Any) -> User:
    """An account with this role."""
    user = User.objects.create_user(name, f"{name}@example.com", is_staff=bool(role), **more)
    user.groups.set(Group.objects.filter(name=role))
    return user


@pytest.fixture
def ann(settings: Any) -> User:
    """An administrator."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    return account("ann", ADMINISTRATOR)


@pytest.fixture
def client(ann: User) -> Client:
    """The administrator's browser."""
    client = Client()
    client.force_login(ann)
    return client


def page_of(user: User) -> str:
    """The admin's page of the account."""
    return f"/admin/accounts/user/{user.pk}/change/"


def typed(user: User, role: str, **more: Any) -> dict[str, Any]:
    """The form of the account's page."""
    return {"save": "1", "username": user.username, "email": user.email, "role": role, **more}


def test_an_administrator_makes_nobody_superuser_nor_gives_single_permissions(client: Client, ann: User) -> None:
    held = Permission.objects.get(codename="delete_user")
    said = typed(ann, ADMINISTRATOR, is_superuser="on", user_permissions=[held.pk], first_name="Ann")
    assert client.post(page_of(ann), said).status_code == 302
    ann.refresh_from_db()
    assert (ann.first_name, ann.is_superuser, ann.user_permissions.count()) == ("Ann", False, 0)


def test_a_group_beyond_ones_own_rights_cannot_be_given(client: Client) -> None:
    above, fine = Group.objects.create(name="deleters"), Group.objects.create(name="lawyers")
    above.permissions.add(Permission.objects.get(codename="delete_user"))
    olga = account("olga", OPERATOR)
    assert client.post(page_of(olga), typed(olga, OPERATOR, groups=["deleters"])).status_code == 200
    assert client.post(page_of(olga), typed(olga, OPERATOR, groups=["lawyers"])).status_code == 302
    assert set(olga.groups.all()) == {fine, Group.objects.get(name=OPERATOR)}


@pytest.mark.parametrize("active", [True, False])
def test_an_account_above_is_not_changed_nor_its_password_set(client: Client, active: bool) -> None:
    root = User.objects.create_superuser("root", "root@example.com", SECRET, is_active=active)
    gus = account("gus", OPERATOR)
    gus.user_permissions.add(Permission.objects.get(codename="delete_user"))
    for above in (root, gus):
        before = above.password
        for pressed in (typed(above, ANSWERER, username="other"), {"temporary_password": "1"}, {"deactivate": "1"}):
            client.post(page_of(above), pressed)
        above = User.objects.get(pk=above.pk)
        assert (above.username == "other", above.password, above.is_active) == (False, before, active or above == gus)
    assert root.check_password(SECRET)


def test_an_administrator_changes_their_own_password_with_the_old_one_only(client: Client, ann: User) -> None:
    ann.set_password(SECRET)
    ann.save()
    client.force_login(ann)
    said = client.post(page_of(ann), {"temporary_password": "1"}, follow=True)
    assert "cannot be done to one&#x27;s own account" in said.content.decode()
    assert User.objects.get(pk=ann.pk).check_password(SECRET)


def test_who_may_delete_accounts_deletes_none_above(client: Client, ann: User) -> None:
    ann.user_permissions.add(Permission.objects.get(codename="delete_user"))
    root = User.objects.create_superuser("root")
    said = {"action": "delete_selected", "_selected_action": [root.pk], "post": "yes"}
    client.post("/admin/accounts/user/", said)
    assert User.objects.filter(pk=root.pk).exists()


def test_a_group_is_changed_by_superusers_alone(client: Client, ann: User) -> None:
    ann.user_permissions.add(Permission.objects.get(codename="change_group"))
    group = Group.objects.get(name=ANSWERER)
    assert client.post(f"/admin/auth/group/{group.pk}/change/", {"name": "mine"}).status_code == 403


def test_a_person_whose_password_was_set_is_told(client: Client, django_capture_on_commit_callbacks: Any) -> None:
    olga = account("olga", OPERATOR)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(page_of(olga), {"temporary_password": "1"})
    assert [sent.to for sent in mail.outbox] == [["olga@example.com"]]


def test_administrators_make_keys_of_service_accounts_and_their_own_only(client: Client, ann: User) -> None:
    bot = account("bot", OPERATOR, is_service=True)
    strong = User.objects.create_user("strong", is_service=True, is_superuser=True)
    root, olga = User.objects.create_superuser("root"), account("olga", OPERATOR)
    for user in (root, olga, strong, bot, ann):
        client.post(f"{KEYS}add/", {"user": user.pk, "name": "k", "scopes": ["read"], "days": 1})
    assert {key.user.username for key in ApiKey.objects.all()} == {"bot", "ann"}


def test_a_person_is_not_turned_into_a_machine_to_get_a_key(client: Client) -> None:
    olga = account("olga", OPERATOR)
    client.post(page_of(olga), typed(olga, OPERATOR, is_service="on"))
    olga.refresh_from_db()
    assert not olga.is_service


def test_keys_of_others_are_not_rotated_nor_those_above_revoked(ann: User) -> None:
    root, olga = User.objects.create_superuser("root"), account("olga", OPERATOR)
    for user in (root, olga):
        key, _text = keys.make_key(user, name="k", scopes=["read"], lifetime=None)
        with pytest.raises(AccountHasMoreRights):
            keys.rotate_key(key, by=ann)
    with pytest.raises(AccountHasMoreRights):
        keys.revoke_key(root.keys.get(), by=ann)
    keys.revoke_key(olga.keys.get(), by=ann)
    assert ApiKey.objects.live().count() == 1


def test_staff_make_and_see_their_own_keys_and_no_others(client: Client, ann: User) -> None:
    olga = account("olga", OPERATOR)
    keys.make_key(ann, name="of ann", scopes=["read"], lifetime=None)
    client.force_login(olga)
    for user in (ann, olga):
        client.post(f"{KEYS}add/", {"user": user.pk, "name": f"by {user}", "scopes": ["read"], "days": 1})
    assert [key.name for key in ApiKey.objects.filter(name__startswith="by")] == ["by olga"]
    assert "of ann" not in client.get(KEYS).content.decode()


def test_a_person_is_told_of_a_key_that_another_made(django_capture_on_commit_callbacks: Any) -> None:
    olga = account("olga", OPERATOR)
    with django_capture_on_commit_callbacks(execute=True):
        call_command("apikey", "make", "olga", "--name", "k", "--scope", "read")
        keys.make_key(olga, name="own", scopes=["read"], lifetime=None, by=olga)
    assert [sent.to for sent in mail.outbox] == [["olga@example.com"]]


def test_a_right_that_a_role_has_no_more_is_gone_after_a_migrate() -> None:
    group = Group.objects.get(name=ANSWERER)
    group.permissions.add(Permission.objects.get(codename="delete_user"))
    call_command("migrate", verbosity=0)
    assert group.permissions.count() == len(ROLES[ANSWERER])


def test_an_administrator_ends_the_sessions_of_others_but_not_of_an_account_with_more_rights(client: Client) -> None:
    people = [account("olga", OPERATOR), account("root", is_superuser=True)]
    browsers = [Client() for _person in people]
    for browser, person in zip(browsers, people, strict=True):
        browser.force_login(person)
    asked = {"action": "sign_people_out", "_selected_action": [person.pk for person in people]}
    page = client.post("/admin/accounts/user/", asked, follow=True).content.decode()
    assert "Olga is signed out everywhere." in page
    assert "Root has rights that you do not have" in page
    assert [browser.get("/preferences/").status_code for browser in browsers] == [302, 200]
    call_command("person", "root", "--sign-out")
    assert browsers[1].get("/preferences/").status_code == 302
