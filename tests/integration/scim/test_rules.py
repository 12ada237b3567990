"""What a directory may not do, and how it is told so: in SCIM's shape, with nothing changed."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.audit import AuditRecord
from accounts.granting import role_of
from accounts.models import ApiKey, Organisation, User
from accounts.roles import ADMINISTRATOR, ANSWERER, OPERATOR, REQUESTER
from environment.sign_in import SingleSignOn
from signin.arrivals import ArrivalRefused, arrive
from signin.claims import read_claims
from tests.callers import account
from tests.integration.scim.conftest import Directory

pytestmark = pytest.mark.django_db
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


def refused(response: Any, status: int, kind: str | None = None) -> str:
    """The words of a refusal in SCIM's shape."""
    body = response.json()
    assert (response.status_code, body["status"], body["schemas"]) == (status, str(status), [ERROR]), body
    assert body.get("scimType") == kind, body
    assert response.headers["Content-Type"] == "application/scim+json"
    return str(body["detail"])


def members(verb: str, *keys: str) -> dict[str, Any]:
    """The operation that adds or removes these members."""
    return {"op": verb, "path": "members", "value": [{"value": key} for key in keys]}


@pytest.mark.parametrize("role", [OPERATOR, ANSWERER, REQUESTER, ""])
def test_only_an_administrators_key_with_the_scope_opens_the_door(role: str) -> None:
    assert Client().get("/scim/v2/Users").status_code == 401
    keeper = account("keeper", role, is_service=True)
    refused(Directory(keeper).get("Users"), 403)
    refused(Directory(account("ann", ADMINISTRATOR), "read", "projects").get("Users"), 403)
    browser = Client()
    browser.force_login(account("anna", ADMINISTRATOR))
    assert browser.get("/scim/v2/Users").status_code == 401


def test_an_account_above_the_keys_is_not_changed_and_no_role_above_given(directory: Directory) -> None:
    root = User.objects.create_superuser("root")
    off = {"Operations": [{"op": "replace", "path": "active", "value": False}]}
    assert "rights" in refused(directory.send("PATCH", f"Users/{root.pk}", off), 403)
    above = Group.objects.create(name="deleters")
    above.permissions.add(Permission.objects.get(codename="delete_user"))
    key = directory.made("Users", {"userName": "nina"})
    adding = {"Operations": [members("add", key)]}
    refused(directory.send("PATCH", f"Groups/{above.pk}", adding), 403)
    refused(directory.send("DELETE", f"Groups/{above.pk}"), 403)
    assert (User.objects.get(pk=root.pk).is_active, above.user_set.count()) == (True, 0)


def test_nobody_of_another_organisation_is_seen_or_reached(directory: Directory) -> None:
    other = Organisation.objects.create(name="Other", slug="other")
    theo = account("theo", OPERATOR, organisation=other)
    assert directory.get("Users", filter='userName eq "theo"').json()["totalResults"] == 0
    refused(directory.get(f"Users/{theo.pk}"), 404)
    refused(directory.send("PUT", f"Users/{theo.pk}", {"userName": "x"}), 404)
    group = Group.objects.get(name=OPERATOR)
    assert directory.get(f"Groups/{group.pk}").json()["members"] == []
    body = {"displayName": OPERATOR, "members": []}
    assert directory.send("PUT", f"Groups/{group.pk}", body).status_code == 200
    assert role_of(theo) == OPERATOR
    adding = {"Operations": [members("add", str(theo.pk))]}
    refused(directory.send("PATCH", f"Groups/{group.pk}", adding), 400, "invalidValue")
    theos = Directory(account("theos", ADMINISTRATOR, is_service=True, organisation=other))
    assert User.objects.get(pk=theos.made("Users", {"userName": "tina"})).organisation == other


def test_a_patch_takes_effect_as_a_whole_or_not_at_all(directory: Directory) -> None:
    key = directory.made("Users", {"userName": "nina", "displayName": "Nina Novak"})
    halves = [
        {"op": "replace", "path": "name.givenName", "value": "X"},
        {"op": "replace", "path": "active", "value": 7},
    ]
    refused(directory.send("PATCH", f"Users/{key}", {"Operations": halves}), 400, "invalidValue")
    assert User.objects.get(pk=key).first_name == "Nina"
    group = directory.made("Groups", {"displayName": "team"})
    steps = [members("add", key), {"op": "add", "path": "members", "value": [{"value": "999999"}]}]
    refused(directory.send("PATCH", f"Groups/{group}", {"Operations": steps}), 400, "invalidValue")
    assert not Group.objects.get(pk=group).user_set.exists()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind"),
    [
        ("GET", 'Users?filter=userName co "a"', None, 400, "invalidFilter"),
        ("GET", 'Users?filter=nickName eq "a"', None, 400, "invalidFilter"),
        ("GET", "Users?startIndex=one", None, 400, "invalidValue"),
        ("POST", "Users", {"userName": "no#hash"}, 400, "invalidValue"),
        ("POST", "Users", {"userName": 7}, 400, "invalidValue"),
        ("POST", "Users", {}, 400, "invalidValue"),
        ("POST", "Users", [], 400, "invalidSyntax"),
        ("PATCH", "Users/{key}", {"Operations": [{"op": "move", "path": "active"}]}, 400, "invalidSyntax"),
        ("PATCH", "Users/{key}", {"Operations": [{"op": "remove"}]}, 400, "noTarget"),
        ("PATCH", "Users/{key}", {"Operations": [{"op": "add", "path": "shoeSize", "value": 1}]}, 400, "invalidPath"),
        ("PATCH", "Users/{key}", {}, 400, "invalidSyntax"),
        ("POST", "Groups", {"displayName": "Operator"}, 409, "uniqueness"),
        ("GET", "Nothing", None, 404, None),
        ("GET", "Users/nina", None, 404, None),
        ("DELETE", "Users", None, 405, None),
    ],
)
def test_what_cannot_be_read_is_refused_in_scims_shape(
    directory: Directory, method: str, path: str, body: Any, status: int, kind: str | None
) -> None:
    key = directory.made("Users", {"userName": "nina"})
    before = AuditRecord.objects.count()
    refused(directory.send(method, path.format(key=key), body), status, kind)
    assert AuditRecord.objects.count() == before


def test_lists_come_in_pages_that_miss_nobody(directory: Directory) -> None:
    for number in range(5):
        account(f"p{number}")
    names = [
        [one["userName"] for one in directory.get("Users", startIndex=str(start), count="2").json()["Resources"]]
        for start in (1, 3, 5, 7)
    ]
    assert names == [["p0", "p1"], ["p2", "p3"], ["p4"], []]
    none = directory.get("Users", count="0").json()
    assert (none["totalResults"], none["itemsPerPage"]) == (5, 0)


def test_a_member_of_two_groups_with_one_role_keeps_it_until_both_are_left(
    directory: Directory, mapped: Callable[..., None]
) -> None:
    mapped(finance=OPERATOR, audit=OPERATOR, **{"*": REQUESTER})
    key = directory.made("Users", {"userName": "nina"})
    nina, groups = User.objects.get(pk=key), {}
    assert role_of(nina) == REQUESTER
    for name in ("finance", "audit"):
        groups[name] = directory.made("Groups", {"displayName": name, "members": [{"value": key}]})
    for name, left in (("finance", OPERATOR), ("audit", REQUESTER)):
        directory.patch(f"Groups/{groups[name]}", members("remove", key), status=204)
        assert role_of(nina) == left
    role = Group.objects.get(name=OPERATOR)
    words = refused(
        directory.send("PATCH", f"Groups/{role.pk}", {"Operations": [members("add", key)]}), 400, "mutability"
    )
    assert "OIDC_ROLES" in words


def test_a_patch_of_fifty_members_makes_as_many_statements_as_one_of_one(
    directory: Directory, mapped: Callable[..., None]
) -> None:
    mapped(finance=OPERATOR, **{"*": REQUESTER})
    group = directory.made("Groups", {"displayName": "finance"})
    counts = []
    for number in (1, 50):
        people = [account(f"p{number}-{n}") for n in range(number)]
        keys = [str(person.pk) for person in people]
        for verb, role in (("add", OPERATOR), ("remove", REQUESTER)):
            with CaptureQueriesContext(connection) as made:
                directory.patch(f"Groups/{group}", members(verb, *keys), status=204)
            counts.append(len(made))
            assert {(role_of(one), one.is_staff) for one in User.objects.filter(pk__in=keys)} == {
                (role, role == OPERATOR)
            }
    assert counts[:2] == counts[2:]


def test_the_key_ends_with_its_account_and_cannot_deactivate_it(directory: Directory) -> None:
    keeper = Directory(account("ann", ADMINISTRATOR))
    refused(keeper.send("DELETE", f"Users/{keeper.user.pk}"), 403)
    key = keeper.made("Users", {"userName": "nina", "active": False})
    assert not User.objects.get(pk=key).is_active
    assert directory.send("DELETE", f"Users/{keeper.user.pk}").status_code == 204
    assert keeper.get("Users").status_code == 401
    assert not ApiKey.objects.live().filter(user=keeper.user).exists()


def test_who_the_directory_keeps_is_linked_by_the_subject_and_keeps_the_roles_of_its_groups(
    directory: Directory, mapped: Callable[..., None]
) -> None:
    mapped(finance=OPERATOR)
    key = directory.made("Users", {"userName": "nina", "externalId": "oid-7", "emails": [{"value": "n@example.org"}]})
    directory.made("Groups", {"displayName": "finance", "members": [{"value": key}]})
    sso = SingleSignOn("https://login.example.org", "interlock", "", roles=(("finance", OPERATOR),))
    said = {"id_token": {"sub": "pairwise", "oid": "oid-7", "preferred_username": "nina", "email": "n@example.org"}}
    linked: list[User] = []
    found = arrive(read_claims(said, "groups"), sso, None, linked.append)
    assert (str(found.pk), role_of(found), linked) == (key, OPERATOR, [found])
    stranger = {"id_token": {**said["id_token"], "oid": "oid-8"}}
    with pytest.raises(ArrivalRefused):
        arrive(read_claims(stranger, "groups"), sso, None, linked.append)
    directory.patch(f"Users/{key}", {"op": "replace", "path": "active", "value": False})
    with pytest.raises(ArrivalRefused):
        arrive(read_claims(said, "groups"), sso, None, linked.append)


def test_scim_describes_itself(directory: Directory) -> None:
    config = directory.get("ServiceProviderConfig").json()
    assert (config["patch"]["supported"], config["bulk"]["supported"], config["filter"]["maxResults"]) == (
        True,
        False,
        200,
    )
    kinds = directory.get("ResourceTypes").json()["Resources"]
    assert [(kind["id"], kind["endpoint"]) for kind in kinds] == [("User", "/Users"), ("Group", "/Groups")]
    for kind in kinds:
        schema = directory.get(f"Schemas/{kind['schema']}").json()
        names = {attribute["name"] for attribute in schema["attributes"]}
        shown = directory.get(f"{kind['endpoint'][1:]}", count="1").json()["Resources"]
        assert all(set(one) - {"schemas", "id", "meta"} <= names for one in shown)
    assert directory.get("Schemas").json()["totalResults"] == 2
