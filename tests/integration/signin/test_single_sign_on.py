"""Signing in at a real OpenID provider: whose account it is, and which roles follow from the groups."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group
from django.test import Client

from accounts.audit import AuditRecord
from accounts.models import User
from accounts.roles import ADMINISTRATOR, OPERATOR, REQUESTER
from environment.sign_in import sign_in_settings
from environment.variables import Environment, InvalidVariable
from signin import discovery
from signin.checks import check_sign_in
from tests.integration.signin.conftest import arrive
from tests.openid_provider import Provider

pytestmark = pytest.mark.django_db(transaction=True)

SetUp = Callable[..., None]
PASSWORD = "a long enough password"


def roles(name: str) -> set[str]:
    """The roles of the account."""
    return set(User.objects.get(username=name).groups.values_list("name", flat=True))


def test_who_comes_for_the_first_time_gets_an_account_without_a_password(provider: Provider, sso: SetUp) -> None:
    provider.has("mia", email="mia@example.org", email_verified=True, groups=["makers"], given_name="Mia")
    client = Client()
    assert arrive("mia", client)["Location"] == "/"
    assert client.get("/").status_code == 200
    mia = User.objects.get(username="mia")
    assert (mia.first_name, mia.email, mia.is_staff, mia.has_usable_password()) == (
        "Mia",
        "mia@example.org",
        False,
        False,
    )
    assert (roles("mia"), mia.has_verified_email) == ({REQUESTER}, True)
    said = [(row.action, row.target, row.details) for row in AuditRecord.objects.order_by("pk")]
    assert ("linked", "mia", "with an identity at Acme") in said
    assert ("signed-in", "mia", "single sign-on") in said
    assert SocialAccount.objects.get().extra_data == {}
    assert arrive("mia").status_code == 302
    assert SocialAccount.objects.get().extra_data == {}


def test_the_roles_follow_the_groups_at_every_sign_in_and_are_taken_away_too(provider: Provider, sso: SetUp) -> None:
    sso(roles=(("makers", REQUESTER), ("ops", OPERATOR)))
    own = Group.objects.create(name="choir")
    for groups, expected, is_staff in (
        (["makers", "ops", "unknown"], {REQUESTER, OPERATOR}, True),
        (["makers"], {REQUESTER}, False),
        ("ops", {OPERATOR}, True),
    ):
        provider.has("max", groups=groups)
        assert arrive("max").status_code == 302
        User.objects.get(username="max").groups.add(own)
        assert (roles("max"), User.objects.get(username="max").is_staff) == (expected | {"choir"}, is_staff)
    provider.has("max", groups=[])
    refused = arrive("max")
    assert (refused.status_code, "no group at Acme" in refused.content.decode()) == (403, True)
    assert (roles("max"), User.objects.get(username="max").is_staff) == ({"choir"}, False)
    assert AuditRecord.objects.filter(action=AuditRecord.Action.SIGN_IN_FAILED, target="max").exists()


def test_who_is_in_no_group_with_a_role_gets_no_account(provider: Provider, sso: SetUp) -> None:
    provider.has("eve", groups=["others"])
    assert arrive("eve").status_code == 403
    assert not User.objects.exists()
    sso(roles=(("*", REQUESTER),))
    assert arrive("eve").status_code == 302
    assert roles("eve") == {REQUESTER}


@pytest.mark.parametrize(
    ("allowed", "claimed", "proven", "is_linked"),
    [
        (True, True, True, True),
        (False, True, True, False),
        (True, False, True, False),
        (True, None, True, False),
        (True, True, False, False),
    ],
)
def test_an_account_is_linked_by_its_address_only_if_both_have_verified_it_and_the_setting_allows_it(
    provider: Provider, sso: SetUp, allowed: bool, claimed: bool | None, proven: bool, is_linked: bool
) -> None:
    sso(links_by_address=allowed)
    name = f"lea-{allowed}-{claimed}-{proven}"
    verified = {} if claimed is None else {"email_verified": claimed}
    provider.has(name, email="LEA@example.org", groups=["makers"], **verified)
    lea = User.objects.create_user("lea", "lea@example.org", PASSWORD, verified_email="lea@example.org" * proven)
    answer = arrive(name)
    assert (answer.status_code == 302, User.objects.count()) == (is_linked, 1)
    assert SocialAccount.objects.filter(user=lea).exists() == is_linked
    assert is_linked or "Another account has your mail address" in answer.content.decode()


def test_a_superuser_is_never_linked_by_an_address(provider: Provider, sso: SetUp) -> None:
    sso(links_by_address=True)
    User.objects.create_superuser("root", "root@example.org", PASSWORD, verified_email="root@example.org")
    provider.has("ron", email="root@example.org", email_verified=True, groups=["makers"])
    assert arrive("ron").status_code == 403
    assert not SocialAccount.objects.exists()


def test_a_name_that_is_taken_gets_a_number_and_nobody_elses_account(provider: Provider, sso: SetUp) -> None:
    User.objects.create_user("Tom", password=PASSWORD)
    provider.has("tom", groups=["makers"])
    assert arrive("tom").status_code == 302
    assert arrive("tom").status_code == 302
    assert sorted(User.objects.values_list("username", flat=True)) == ["Tom", "tom-2"]


def test_a_deactivated_account_stays_out(provider: Provider, sso: SetUp) -> None:
    provider.has("dan", groups=["makers"])
    arrive("dan")
    User.objects.update(is_active=False)
    client = Client()
    answer = arrive("dan", client)
    assert (answer.status_code, "deactivated" in answer.content.decode()) == (403, True)
    assert client.get("/").status_code == 302


def test_the_request_has_a_state_and_a_challenge_and_leads_on_to_our_own_pages_only(
    provider: Provider, sso: SetUp
) -> None:
    provider.has("pia", groups=["makers"])
    asked = parse_qs(urlsplit(Client().get("/sign-in/sso/")["Location"]).query)
    assert (asked["code_challenge_method"], len(asked["state"][0]) > 8) == (["S256"], True)
    assert asked["redirect_uri"] == ["http://testserver/sign-in/sso/callback/"]
    assert arrive("pia", path="/sign-in/sso/?next=/preferences/")["Location"] == "/preferences/"
    assert arrive("pia", path="/sign-in/sso/?next=https://elsewhere.example/")["Location"] == "/"


def test_a_link_on_another_site_begins_no_session(provider: Provider, sso: SetUp) -> None:
    for site in ("cross-site", "same-site"):
        answer = Client().get("/sign-in/sso/?next=/preferences/", headers={"Sec-Fetch-Site": site})
        assert answer["Location"] == "/sign-in/?next=%2Fpreferences%2F"
    for site in ("same-origin", "none"):
        assert Client().get("/sign-in/sso/", headers={"Sec-Fetch-Site": site})["Location"].startswith(provider.issuer)


def test_an_answer_that_was_not_asked_for_or_is_somebody_elses_signs_nobody_in(provider: Provider, sso: SetUp) -> None:
    provider.has("kim", groups=["makers"])
    victim = Client()
    for query in ("", "code=x&state=y", "error=access_denied&state=y"):
        assert victim.get(f"/sign-in/sso/callback/?{query}").status_code in (401, 403)
    assert Client().get("/sign-in/sso/?process=connect").status_code == 404
    assert not User.objects.exists()


@pytest.mark.parametrize("way", ["another key", "secret", "none"])
def test_a_token_that_the_provider_has_not_signed_signs_nobody_in(
    provider: Provider, sso: SetUp, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = way.replace(" ", "-")
    provider.has(name, groups=["makers"], signed=way)
    assert arrive(name).status_code == 403
    assert not User.objects.exists()
    assert "A sign-in at the OpenID provider failed: unknown, OAuth2Error" in caplog.text


def test_a_provider_that_calls_itself_by_another_name_signs_nobody_in(
    provider: Provider, sso: SetUp, caplog: pytest.LogCaptureFixture
) -> None:
    sso(issuer=provider.issuer.replace("127.0.0.1", "localhost"))
    answer = Client().get("/sign-in/sso/")
    assert (answer.status_code, "calls itself http://127.0.0.1" in caplog.text) == (503, True)
    assert not discovery.kept


def test_a_provider_that_is_away_is_told_and_the_password_still_works(provider: Provider, sso: SetUp) -> None:
    sso(issuer="http://127.0.0.1:9")
    answer = Client().get("/sign-in/sso/")
    assert (answer.status_code, "does not answer" in answer.content.decode()) == (503, True)
    User.objects.create_user("rita", password=PASSWORD)
    assert Client().post("/sign-in/", {"username": "rita", "password": PASSWORD}).status_code == 302


def test_people_who_wait_for_the_provider_take_a_few_threads_at_most(sso: SetUp) -> None:
    for _ in range(discovery.MOST_AT_ONCE):
        discovery.places.acquire()
    try:
        assert Client().get("/sign-in/sso/").status_code == 503
    finally:
        for _ in range(discovery.MOST_AT_ONCE):
            discovery.places.release()


def test_without_a_provider_there_is_no_button_and_no_address(settings: Any) -> None:
    settings.SIGN_IN = replace(settings.SIGN_IN, sso=None)
    assert "/sign-in/sso/" not in Client().get("/sign-in/").content.decode()
    assert [Client().get(f"/sign-in/sso/{rest}").status_code for rest in ("", "callback/")] == [404, 404]


def test_the_button_is_a_link_that_keeps_the_page_asked_for(sso: SetUp) -> None:
    page = Client().get("/sign-in/?next=/preferences/").content.decode()
    assert 'href="/sign-in/sso/?next=/preferences/"' in page
    assert "Sign in with Acme" in page


def test_an_administrators_second_factor_is_asked_for_unless_the_provider_asks(
    provider: Provider, sso: SetUp, settings: Any
) -> None:
    sso(roles=(("makers", ADMINISTRATOR),))
    provider.has("ada", groups=["makers"])
    for asks_twice, page in ((False, "/preferences/second-factor/"), (True, None)):
        settings.SIGN_IN = replace(settings.SIGN_IN, second_factor="staff", provider_asks_twice=asks_twice)
        client = Client()
        arrive("ada", client)
        assert client.get("/").headers.get("Location") == page


# -- the settings ----------------------------------------------------------------------------------
GIVEN = {"OIDC_ISSUER": "https://login.example.org/", "OIDC_CLIENT_ID": "x", "OIDC_ROLES": "a=b=requester, c=operator"}


def test_the_environment_names_the_provider() -> None:
    sso = sign_in_settings(Environment(GIVEN)).sso
    assert sso is not None
    assert (sso.issuer, sso.roles) == ("https://login.example.org", (("a=b", "requester"), ("c", "operator")))
    assert "x" not in repr(replace(sso, client_secret="x" * 9)).replace("client_id='x'", "").replace("example", "")
    assert sign_in_settings(Environment({})).sso is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_ISSUER", "http://login.example.org"), ("OIDC_ISSUER", "login.example.org"), ("OIDC_ROLES", "requester"),
        ("OIDC_ROLES", ""), ("OIDC_CLIENT_ID", ""), ("OIDC_SCOPES", "email"), ("REQUIRE_SECOND_FACTOR", "all"),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_said(name: str, value: str) -> None:
    with pytest.raises(InvalidVariable, match=name):
        sign_in_settings(Environment({**GIVEN, name: value}))


def test_a_role_that_does_not_exist_is_an_error_of_the_check(sso: SetUp) -> None:
    sso(roles=(("makers", "boss"),))
    assert [found.id for found in check_sign_in(None)] == ["signin.E001"]
