"""Roles that an organisation has defined, at the directory and at the single sign-on."""

from collections.abc import Callable

import pytest

from accounts.granting import set_roles
from accounts.models import OrganisationRole, User
from accounts.role_editing import make_role
from accounts.roles import ADMINISTRATOR, OPERATOR, REQUESTER
from backlog.organisations import make_organisation
from environment.sign_in import SingleSignOn
from signin.arrivals import ArrivalRefused, arrive
from signin.checks import check_mapped_roles, check_sign_in
from signin.claims import read_claims
from tests.callers import account
from tests.integration.scim.conftest import Directory
from tests.integration.scim.test_rules import members, refused

pytestmark = pytest.mark.django_db
ROLE = "default::reviewers"
SAID = {"id_token": {"sub": "s", "preferred_username": "nina", "groups": ["readers"]}}


@pytest.fixture
def reviewers() -> OrganisationRole:
    """A role of the first organisation."""
    return make_role("Reviewers", ["clarifications.view_question"], by=account("ann", ADMINISTRATOR))


@pytest.fixture
def other() -> Directory:
    """The directory of another organisation."""
    return Directory(account("far", ADMINISTRATOR, is_service=True, organisation=make_organisation("Walrus")))


def test_a_directory_keeps_who_has_the_roles_of_its_organisation_and_no_others(
    directory: Directory, other: Directory, reviewers: OrganisationRole
) -> None:
    key, theirs = directory.made("Users", {"userName": "nina"}), other.made("Users", {"userName": "olga"})
    path = f"Groups/{reviewers.group_id}"
    assert directory.get("Groups", filter=f'displayName eq "{ROLE}"').json()["totalResults"] == 1
    directory.patch(path, members("add", key), status=204)
    nina = User.objects.get(pk=key)
    assert ([group.name for group in nina.groups.all()], nina.is_staff) == ([ROLE], True)
    refused(directory.send("DELETE", path), 400, "mutability")
    refused(
        directory.send("PATCH", path, {"Operations": [{"op": "replace", "path": "displayName", "value": "x"}]}),
        400,
        "mutability",
    )
    assert "eviewers" not in other.get("Groups", count="100").content.decode()
    assert other.get(path).status_code == 404
    refused(other.send("PATCH", path, {"Operations": [members("add", theirs)]}), 404)
    names = [ROLE, "default::nothing"]
    answers = [refused(other.send("POST", "Groups", {"displayName": name}), 400, "invalidValue") for name in names]
    assert answers[0] == answers[1], "whether there is such a role is not told"


def test_a_role_that_oidc_roles_names_is_had_in_its_organisation_alone(
    directory: Directory, other: Directory, reviewers: OrganisationRole, mapped: Callable[..., None]
) -> None:
    mapped(readers=ROLE)
    key, theirs = directory.made("Users", {"userName": "nina"}), other.made("Users", {"userName": "olga"})
    group = directory.made("Groups", {"displayName": "readers", "members": [{"value": key}]})
    other.patch(f"Groups/{group}", members("add", theirs), status=204)
    held = {
        user.username: {each.name for each in user.groups.all()} for user in User.objects.filter(pk__in=[key, theirs])
    }
    assert held == {"nina": {"readers", ROLE}, "olga": {"readers"}}
    by_hand = {"Operations": [members("add", directory.made("Users", {"userName": "mia"}))]}
    refused(directory.send("PATCH", f"Groups/{reviewers.group_id}", by_hand), 400, "mutability")
    directory.patch(f"Groups/{group}", members("remove", key), status=204)
    assert not User.objects.get(pk=key).groups.exists()


def test_a_role_is_no_group_that_oidc_roles_maps_to_another_role(
    directory: Directory, reviewers: OrganisationRole, mapped: Callable[..., None]
) -> None:
    mapped(**{ROLE: OPERATOR})
    key, group = directory.made("Users", {"userName": "nina"}), directory.made("Groups", {"displayName": "lawyers"})
    nina = User.objects.get(pk=key)
    set_roles(nina, [ROLE], by=None)
    directory.patch(f"Groups/{group}", members("add", key), status=204)
    assert {each.name for each in nina.groups.all()} == {ROLE, "lawyers"}
    sso = SingleSignOn("https://login.example.org", "interlock", "", roles=((ROLE, OPERATOR),))
    with pytest.raises(ArrivalRefused):
        arrive(read_claims(SAID, "groups"), sso, nina, lambda account: None)
    assert {each.name for each in nina.groups.all()} == {"lawyers"}


def test_who_comes_from_the_single_sign_on_gets_the_role_only_where_it_is(
    other: Directory, reviewers: OrganisationRole
) -> None:
    sso = SingleSignOn("https://login.example.org", "interlock", "", roles=(("readers", ROLE),))
    new = arrive(read_claims(SAID, "groups"), sso, None, lambda account: None)
    assert ([group.name for group in new.groups.all()], new.is_staff) == ([ROLE], True)
    away = account("olga", organisation=other.user.organisation)
    set_roles(away, [REQUESTER], by=None)
    with pytest.raises(ArrivalRefused):
        arrive(read_claims(SAID, "groups"), sso, away, lambda account: None)
    assert not away.groups.exists()


def test_the_check_warns_of_a_role_that_no_organisation_has(
    reviewers: OrganisationRole, mapped: Callable[..., None]
) -> None:
    mapped(readers=ROLE)
    assert (check_sign_in(None), check_mapped_roles(["default"])) == ([], [])
    mapped(readers=ROLE, writers="default::writers")
    assert [(found.id, "default::writers" in found.msg) for found in check_mapped_roles(["default"])] == [
        ("signin.W002", True)
    ]
