"""The page of people: one role to pick, ways in, and a leaving that hands on what was held."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from pytest_django import Settings

from accounts.granting import role_of, set_roles
from accounts.models import Letter, Organisation, User
from accounts.rank import OtherOrganisation, OwnAccount
from accounts.roles import ADMINISTRATOR, ANSWERER, OPERATOR, REQUESTER
from accounts.second_factors import reset_second_factor
from accounts.sessions import sign_out_everywhere
from people.keeping import change_account
from people.leaving import activate, deactivate
from privacy.erasing import erase_person
from tests.callers import account

pytestmark = pytest.mark.django_db
PEOPLE = "/admin/accounts/user/"


@pytest.fixture
def ann(settings: Settings) -> User:
    """An administrator of the first organisation."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    return account("ann", ADMINISTRATOR)


@pytest.fixture
def browser(ann: User) -> Client:
    """Her browser."""
    client = Client()
    client.force_login(ann)
    return client


def page(user: User) -> str:
    """The address of a person's page."""
    return f"{PEOPLE}{user.pk}/change/"


def form(user: User, role: str, **more: Any) -> dict[str, Any]:
    """The form of a person's page."""
    return {"save": "1", "username": user.username, "email": user.email, "role": role, **more}


@pytest.mark.parametrize(
    ("role", "enters"), [(REQUESTER, False), (ANSWERER, True), (OPERATOR, True), (ADMINISTRATOR, True), ("", False)]
)
def test_the_right_to_enter_the_admin_follows_from_the_role_that_is_picked(
    browser: Client, role: str, enters: bool
) -> None:
    olga = account("olga", OPERATOR if role != OPERATOR else REQUESTER)
    assert browser.post(page(olga), form(olga, role)).status_code == 302
    olga.refresh_from_db()
    assert (olga.is_staff, role_of(olga), olga.groups.count()) == (enters, role, 1 if role else 0)


def test_a_new_person_gets_an_invitation_and_a_role_or_nothing_at_all(browser: Client, settings: Settings) -> None:
    settings.SENDS_MAIL, settings.PUBLIC_URL = True, "https://interlock.example.org"
    new = {"username": "nina", "email": "", "role": OPERATOR, "invite": "on"}
    assert "needs a mail address" in browser.post(f"{PEOPLE}add/", new).content.decode()
    assert not User.objects.filter(username="nina").exists()
    assert browser.post(f"{PEOPLE}add/", {**new, "email": "nina@example.org"}).status_code == 302
    nina = User.objects.get(username="nina")
    assert (nina.is_staff, role_of(nina), nina.has_usable_password()) == (True, OPERATOR, False)
    assert [letter.account for letter in Letter.objects.all()] == [nina]
    taken = browser.post(f"{PEOPLE}add/", {**new, "username": "NINA", "email": "n@example.org"})
    assert "Another account has this name." in taken.content.decode()


def test_a_link_to_a_new_password_goes_to_that_account_alone(browser: Client, settings: Settings) -> None:
    settings.SENDS_MAIL, settings.PUBLIC_URL = True, "https://interlock.example.org"
    from accounts.passwords.letters import receivers

    both = [User.objects.create_user(name, "same@example.org", "a long enough one") for name in ("olga", "otto")]
    browser.post(page(both[0]), {"mail_new_password": "1"})
    assert receivers(Letter.objects.get()) == [both[0]]


def test_nobody_changes_their_own_role_or_deactivates_themselves(browser: Client, ann: User) -> None:
    ann.groups.add(Group.objects.get(name=OPERATOR))
    browser.post(page(ann), form(ann, REQUESTER, first_name="Ann"))
    browser.post(page(ann), {"deactivate": "1"})
    ann.refresh_from_db()
    assert (ann.first_name, role_of(ann), ann.is_active) == ("Ann", ADMINISTRATOR, True)
    with pytest.raises(OwnAccount):
        set_roles(ann, [REQUESTER], by=ann)
    with pytest.raises(OwnAccount):
        deactivate(ann, by=ann)


def test_people_of_another_organisation_are_neither_shown_nor_changed(browser: Client, ann: User) -> None:
    other = Organisation.objects.create(name="Other", slug="other")
    theo = account("theo", REQUESTER, organisation=other)
    assert "theo" not in browser.get(PEOPLE).content.decode()
    assert browser.post(page(theo), form(theo, OPERATOR)).status_code in (302, 403, 404)
    for act in (
        lambda: set_roles(theo, [OPERATOR], by=ann),
        lambda: change_account(theo, {"email": "t@example.org"}, by=ann),
        lambda: deactivate(theo, by=ann),
        lambda: activate(theo, by=ann),
        lambda: reset_second_factor(theo, by=ann),
        lambda: sign_out_everywhere(theo, by=ann),
        lambda: list(erase_person(theo, by=ann, reason="Asked for")),
    ):
        with pytest.raises(OtherOrganisation):
            act()
    theo.refresh_from_db()
    assert (theo.email, role_of(theo), theo.is_active) == ("", REQUESTER, True)


def test_the_list_says_who_is_what_in_a_fixed_number_of_queries(
    browser: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        account(f"p{number:02}", OPERATOR)
    with django_assert_max_num_queries(16):
        shown = browser.get(PEOPLE, {"role": OPERATOR}).content.decode()
    assert len(re.findall("p[0-9]{2}</a>", shown)) == 30
    assert ">ann</a>" not in shown


def test_a_machine_is_made_without_password_and_without_the_right_to_enter_the_admin(browser: Client) -> None:
    browser.post(f"{PEOPLE}add/", {"username": "bot", "role": OPERATOR, "is_service": "on"})
    bot = User.objects.get(username="bot")
    assert (bot.is_service, bot.is_staff, bot.has_usable_password()) == (True, False, False)
    browser.post(page(bot), {"temporary_password": "1"})
    bot.refresh_from_db()
    assert not bot.has_usable_password()


def test_who_only_looks_at_people_changes_nothing(browser: Client, ann: User) -> None:
    olga = account("olga", OPERATOR)
    viewer = account("vera", ANSWERER)
    viewer.groups.add(looks := Group.objects.create(name="lookers"))
    looks.permissions.add(*Group.objects.get(name=ADMINISTRATOR).permissions.filter(codename="view_user"))
    browser.force_login(viewer)
    assert browser.get(page(olga)).status_code == 200
    for pressed in (form(olga, REQUESTER), {"deactivate": "1"}):
        assert browser.post(page(olga), pressed).status_code == 403
    assert browser.get(f"{PEOPLE}add/").status_code == 403
