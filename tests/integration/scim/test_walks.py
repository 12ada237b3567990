"""The requests of two directories, in their documented order and their own spelling.

Entra ID: https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups
Okta: https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20
"""

from collections.abc import Callable
from uuid import uuid4

import pytest

from accounts.audit import AuditRecord
from accounts.granting import role_of
from accounts.models import User
from accounts.roles import OPERATOR, REQUESTER
from tests.integration.scim.conftest import Directory

pytestmark = pytest.mark.django_db

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


def test_entra_id_keeps_a_person_and_a_group(directory: Directory, mapped: Callable[..., None]) -> None:
    mapped(**{"Finance team": REQUESTER, "it-ops": OPERATOR})
    # Test Connection: a person who is not there is an empty list, and no 404.
    tested = directory.get("Users", filter=f'userName eq "{uuid4()}"')
    assert (tested.status_code, tested.json()["totalResults"], tested.json()["Resources"]) == (200, 0, [])
    assert tested.headers["Content-Type"] == "application/scim+json"
    key = entra_makes_a_person(directory)
    group = entra_makes_a_group(directory, key)
    entra_changes_the_person(directory, key)
    entra_renames_and_empties_the_group(directory, group, key)
    # The compatible mode of older applications writes the truth value as a text.
    assert directory.patch(f"Users/{key}", {"op": "Replace", "path": "active", "value": "False"})["active"] is False
    assert directory.get(f"Users/{key}").json()["active"] is False
    assert directory.send("DELETE", f"Groups/{group}").status_code == 204
    assert directory.get(f"Groups/{group}").status_code == 404
    assert directory.send("DELETE", f"Users/{key}").status_code == 204
    acts = AuditRecord.objects.filter(actor__startswith="directory (key ").values_list("action", flat=True)
    assert {"account-made", "account-changed", "rights-given", "rights-taken", "role-made", "role-deleted"} <= set(acts)


def entra_makes_a_person(directory: Directory) -> str:
    """Make nina, who is found by her name in any case and by her address; her id."""
    name, oid = "nina@contoso.example", str(uuid4())
    new = {
        "schemas": [USER, ENTERPRISE],
        "externalId": oid,
        "userName": name,
        "active": True,
        "displayName": "Nina Novak",
        "emails": [{"primary": True, "type": "work", "value": "nina@contoso.example"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Nina Novak", "familyName": "Novak", "givenName": "Nina"},
        "roles": [],
        ENTERPRISE: {"department": "Finance"},
    }
    key = directory.made("Users", new)
    nina = User.objects.get(pk=key)
    assert (nina.email, nina.get_full_name(), nina.external_id, nina.has_usable_password(), role_of(nina)) == (
        *(name, "Nina Novak", oid, False, ""),
    )
    [found] = directory.get("Users", filter=f'userName eq "{name.upper()}"').json()["Resources"]
    assert (found["id"], found["active"], found["externalId"]) == (key, True, oid)
    assert directory.get("Users", filter=f'emails[type eq "work"].value eq "{name}"').json()["totalResults"] == 1
    return key


def entra_makes_a_group(directory: Directory, key: str) -> str:
    """Make a group of operators and add the person to it; the id of the group."""
    group = directory.made("Groups", {"schemas": [GROUP], "externalId": str(uuid4()), "displayName": "it-ops"})
    listed = directory.get("Groups", excludedAttributes="members", filter='displayName eq "it-ops"').json()
    assert [(one["id"], "members" in one) for one in listed["Resources"]] == [(group, False)]
    directory.patch(
        f"Groups/{group}",
        {"op": "Add", "path": "members", "value": [{"$ref": None, "value": key}]},
        status=204,
    )
    nina = User.objects.get(pk=key)
    assert (role_of(nina), nina.is_staff) == (OPERATOR, True)
    is_in = f'id eq "{group}" and members eq "{key}"'
    assert directory.get("Groups", filter=is_in, attributes="id").json()["totalResults"] == 1
    return group


def entra_changes_the_person(directory: Directory, key: str) -> None:
    """Change the address and parts of the name, and add what is not kept."""
    changed = directory.patch(
        f"Users/{key}",
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "n.novak@contoso.example"},
        {"op": "Replace", "path": "name.familyName", "value": "Novak-Lind"},
        {"op": "Add", "path": f"{ENTERPRISE}:employeeNumber", "value": "77"},
        {"op": "Replace", "value": {"displayName": "Nina N", "name.givenName": "Nina Maria"}},
    )
    assert changed["emails"][0]["value"] == "n.novak@contoso.example"
    assert changed["name"]["formatted"] == "Nina Maria Novak-Lind"


def entra_renames_and_empties_the_group(directory: Directory, group: str, key: str) -> None:
    """Give the group the name that stands for requesters, then take the person out: the role follows both."""
    nina = User.objects.get(pk=key)
    directory.patch(f"Groups/{group}", {"op": "Replace", "path": "displayName", "value": "Finance team"}, status=204)
    assert role_of(nina) == REQUESTER
    directory.patch(
        f"Groups/{group}", {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": key}]}, status=204
    )
    assert (role_of(nina), directory.get(f"Groups/{group}").json()["members"]) == ("", [])


def test_okta_keeps_a_person_and_pushes_a_group_named_like_a_role(directory: Directory) -> None:
    key = okta_makes_a_person(directory)
    okta_changes_the_person(directory, key)
    okta_pushes_a_group(directory, key)


def okta_makes_a_person(directory: Directory) -> str:
    """Make olaf, once and without the password; his id."""
    query = {"filter": 'userName eq "olaf@example.com"', "startIndex": "1", "count": "100"}
    assert directory.get("Users", **query).json()["totalResults"] == 0
    new = {
        "schemas": [USER],
        "userName": "olaf@example.com",
        "name": {"givenName": "Olaf", "familyName": "Berg"},
        "emails": [{"primary": True, "value": "olaf@example.com", "type": "work"}],
        "displayName": "Olaf Berg",
        "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7",
        "groups": [],
        "password": uuid4().hex,
        "active": True,
    }
    key = directory.made("Users", new)
    assert not User.objects.get(pk=key).has_usable_password()
    again = directory.send("POST", "Users", new)
    assert (again.status_code, again.json()["scimType"]) == (409, "uniqueness")
    return key


def okta_changes_the_person(directory: Directory, key: str) -> None:
    """Send what was read back with another name; switch the person off and on."""
    read = directory.get(f"Users/{key}").json()
    read["name"]["familyName"] = "Bergman"
    assert directory.send("PUT", f"Users/{key}", read).json()["name"]["familyName"] == "Bergman"
    off = {"op": "replace", "value": {"active": False}}
    assert directory.patch(f"Users/{key}", off)["active"] is False
    assert directory.patch(f"Users/{key}", {"op": "replace", "value": {"active": True}})["active"] is True


def okta_pushes_a_group(directory: Directory, key: str) -> None:
    """Fill, empty and replace the members of the group that is named like a role: it stays, and the role follows."""
    assert directory.get("Groups", startIndex="1", count="100").json()["totalResults"] == 4
    [role] = directory.get("Groups", filter='displayName eq "operator"').json()["Resources"]
    group = f"Groups/{role['id']}"
    directory.patch(
        group,
        {"op": "replace", "value": {"id": role["id"], "displayName": "operator"}},
        {"op": "add", "path": "members", "value": [{"value": key, "display": "olaf@example.com"}]},
        status=204,
    )
    olaf = User.objects.get(pk=key)
    assert (role_of(olaf), olaf.is_staff) == (OPERATOR, True)
    directory.patch(group, {"op": "remove", "path": f'members[value eq "{key}"]'}, status=204)
    assert role_of(olaf) == ""
    replaced = {"schemas": [GROUP], "displayName": "operator", "members": [{"value": key}]}
    assert directory.send("PUT", group, replaced).json()["members"][0]["display"] == "olaf@example.com"
    assert role_of(olaf) == OPERATOR
    assert directory.send("DELETE", group).json()["scimType"] == "mutability"
