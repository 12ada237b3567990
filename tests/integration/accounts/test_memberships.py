"""A person is in several organisations, an account in each, and goes from one to the other without signing in again."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from accounts.audit import AuditRecord
from accounts.memberships import MembershipRefused, join
from accounts.models import Letter, User
from accounts.organisations import Organisation
from accounts.passwords.letters import send_due_letters
from accounts.passwords.links import LinkNotValid
from accounts.rank import AccountRefused
from accounts.roles import ADMINISTRATOR, OPERATOR, REQUESTER
from accounts.sessions import sign_out_everywhere
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Project
from backlog.organisations import OrganisationRefused, make_organisation, move_account
from clarifications.models import Question
from clarifications.selectors import waiting_questions
from people.keeping import change_account, give_temporary_password
from people.leaving import activate, deactivate
from scim.users import write_external_id
from signin.arrivals import entered_directly
from tests.callers import Caller, account, key_of, person
from tests.memberships import member, switched, token_for

pytestmark = pytest.mark.django_db

PASSWORD = "a long enough password"
MENU = re.compile(r'<button[^>]*name="to" value="(\d+)"')


@pytest.fixture
def sales() -> Organisation:
    """A second organisation."""
    return make_organisation("Sales")


@pytest.fixture
def ann() -> Caller:
    """A requester of the first organisation, with a session."""
    return person("ann", REQUESTER, email="ann@example.org")


@pytest.fixture
def seller(ann: Caller, sales: Organisation) -> User:
    """Ann's account in Sales, where she is an operator."""
    return member(own(ann), sales, OPERATOR)


def own(caller: Caller) -> User:
    """The account of the caller, as it is stored now."""
    assert caller.user is not None
    return User.objects.get(pk=caller.user.pk)


def opened() -> Project:
    """A request of Ann's in the first organisation, with a question."""
    said = {"project_id": str(uuid4()), "request_text": "Do it.", "requester": "ann"}
    with project_work() as work:
        return submit_request(work, request=said)  # type: ignore[arg-type]


def is_signed_in(client: Client) -> bool:
    """Whether the session lasts."""
    return client.get("/preferences/").status_code == 200


def menu_of(client: Client) -> list[int]:
    """The accounts that the menu offers."""
    return [int(number) for number in MENU.findall(client.get("/preferences/").content.decode())]


def test_an_administrator_invites_by_address_and_the_person_enters_from_their_own_account(
    ann: Caller, sales: Organisation, settings: Settings
) -> None:
    settings.SENDS_MAIL, settings.PUBLIC_URL = True, "https://interlock.example.org"
    boss = person("boss", ADMINISTRATOR, organisation=sales).client
    typed = {"username": "ann.sales", "email": "ann@example.org", "role": OPERATOR, "invite": "on"}
    page = boss.post("/admin/accounts/user/add/", typed, follow=True).content.decode()
    send_due_letters()
    [path] = re.findall(r"https://interlock\.example\.org(/new-password/\S+)", str(mail.outbox[-1].body))
    assert "Enter from my account" not in Client().get(path).content.decode(), "nobody is signed in"
    shown = ann.client.post(path, {"join": ""}, follow=True).content.decode()
    made = User.objects.get(username="ann.sales")
    assert (made.home, made.organisation, made.has_verified_email) == (ann.user, sales, True)
    assert "Sales" in shown
    assert menu_of(ann.client) == [own(ann).pk, made.pk]
    inside = switched(ann.client, made).get("/admin/")
    assert (inside.status_code, inside.wsgi_request.user) == (200, made)
    assert switched(ann.client, own(ann)).get("/admin/").status_code == 302
    assert "ann@" not in page.replace("ann@example.org", ""), "the page says nothing about an account elsewhere"


def test_the_page_that_invites_does_the_same_whether_or_not_an_account_has_the_address(
    ann: Caller, sales: Organisation, settings: Settings
) -> None:
    settings.SENDS_MAIL, settings.PUBLIC_URL = True, "https://interlock.example.org"
    boss = person("boss", ADMINISTRATOR, organisation=sales).client
    said = []
    for name, address in (("xavier", "ann@example.org"), ("yvonne", "nob@example.org")):
        typed = {"username": name, "email": address, "role": OPERATOR, "invite": "on"}
        answer = boss.post("/admin/accounts/user/add/", typed, follow=True)
        text = re.sub(f"(?i){address}|{name}", "", answer.content.decode())
        said.append(re.sub(r'\d+|value="[A-Za-z0-9]{64}"', "", text))
    assert said[0] == said[1]
    assert Letter.objects.count() == 2


def test_each_browser_is_in_an_organisation_of_its_own(ann: Caller, seller: User) -> None:
    other = Client()
    other.force_login(own(ann))
    switched(other, seller)
    assert [client.get("/preferences/").wsgi_request.user for client in (ann.client, other)] == [ann.user, seller]


def test_a_form_that_was_opened_before_the_switch_does_nothing_after_it(ann: Caller, seller: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(own(ann))
    page = client.get("/requests/new/").content.decode()
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[0]
    to = {"to": seller.pk, "csrfmiddlewaretoken": token}
    assert client.post("/organisation/", to | {"csrfmiddlewaretoken": "x" * 64}).status_code == 403
    assert client.post("/organisation/", to).status_code == 302
    late = client.post("/requests/new/", {"request_text": "Do it.", "csrfmiddlewaretoken": token})
    assert (late.status_code, seller.projects.count()) == (403, 0)  # type: ignore[attr-defined]


def test_keys_and_questions_stay_with_the_account_of_their_organisation(ann: Caller, seller: User) -> None:
    project, theirs = opened(), key_of(ann, "read")
    of_sales = key_of(Caller(seller), "read")
    Question.objects.filter(project=project).update(assigned_to=ann.user)
    switched(ann.client, seller)
    assert [caller.get(f"projects/{project.pk}").status_code for caller in (theirs, of_sales)] == [200, 404]
    assert waiting_questions(own(ann)).exists(), "to be active elsewhere is not to leave"
    deactivate(seller, by=None)
    assert [caller.get("projects").status_code for caller in (theirs, of_sales)] == [200, 401]


def test_a_session_elsewhere_ends_with_those_of_the_home_account(ann: Caller, seller: User) -> None:
    switched(ann.client, seller)
    assert is_signed_in(ann.client)
    sign_out_everywhere(own(ann))
    assert not is_signed_in(ann.client)


def test_a_session_that_began_in_another_organisation_leads_nowhere_else(ann: Caller, seller: User) -> None:
    seller.set_password(PASSWORD)
    seller.save()
    client = Client()
    client.post("/sign-in/", {"username": seller.username, "password": PASSWORD})
    assert (is_signed_in(client), menu_of(client)) == (True, [])
    client.post("/organisation/", {"to": own(ann).pk})
    assert client.get("/preferences/").wsgi_request.user == seller
    elsewhere = account("third", OPERATOR, organisation=make_organisation("Third"))
    with pytest.raises(MembershipRefused, match="belongs to another one of yours"):
        join(token_for(elsewhere), seller, client.session)


def new_address(home: User, boss: User) -> None:
    change_account(home, {"email": "boss@example.org"}, by=boss)


def temporary_password(home: User, boss: User) -> None:
    give_temporary_password(home, by=boss)


def name_in_directory(home: User, boss: User) -> None:
    write_external_id(home, "boss", by=boss)


def deactivated(home: User, boss: User) -> None:
    deactivate(home, by=boss)
    activate(User.objects.get(pk=home.pk), by=boss)


@pytest.mark.parametrize("act", [new_address, temporary_password, name_in_directory, deactivated])
def test_who_takes_over_an_account_comes_into_no_other_organisation(ann: Caller, seller: User, act: Any) -> None:
    act(own(ann), account("adam", ADMINISTRATOR))
    client = Client()
    client.force_login(own(ann))
    client.post("/organisation/", {"to": seller.pk})
    assert client.session["_auth_user_id"] == str(own(ann).pk)
    seller.refresh_from_db()
    assert (own(ann).home, seller.home) == (None, None)
    assert AuditRecord.objects.get(action="left").target == seller.username


def test_nobody_goes_where_a_second_factor_is_needed_without_having_shown_one(
    ann: Caller, seller: User, settings: Settings
) -> None:
    User.objects.filter(pk=seller.pk).update(has_second_factor=True)
    refused = ann.client.post("/organisation/", {"to": seller.pk}, follow=True).content.decode()
    assert ("needs a second factor" in refused, menu_of(ann.client) != []) == (True, True)
    session = ann.client.session
    session["account_authentication_methods"] = [{"method": "password"}, {"method": "mfa"}]
    session.save()
    switched(ann.client, seller)


def test_a_person_has_one_account_in_an_organisation_and_an_invitation_works_once(
    ann: Caller, seller: User, sales: Organisation
) -> None:
    again = account("again", OPERATOR, organisation=sales)
    with pytest.raises(MembershipRefused, match="already: a person has one"):
        join(token_for(again), own(ann), {})
    with pytest.raises(OrganisationRefused, match="has an account in Sales"):
        move_account(own(ann), sales)
    third = account("third", OPERATOR, organisation=make_organisation("Third"))
    token = token_for(third)
    join(token, own(ann), {})
    with pytest.raises(LinkNotValid):
        join(token, own(person("eve", REQUESTER)), {})


def test_a_person_leaves_an_organisation_and_its_account_is_entered_no_more(ann: Caller, seller: User) -> None:
    inside = Client()
    inside.force_login(own(ann))
    switched(inside, seller)
    ann.client.post("/preferences/organisations/", {"leave": seller.pk})
    assert (is_signed_in(inside), is_signed_in(ann.client), menu_of(ann.client)) == (False, True, [])


def test_the_audit_log_of_an_organisation_names_nothing_of_the_other(ann: Caller, seller: User) -> None:
    switched(switched(ann.client, seller), own(ann))
    for here, there in ((own(ann), seller), (seller, own(ann))):
        records = AuditRecord.objects.filter(organisation=here.organisation_id)
        assert {"joined", "switched", "signed-in"} <= set(records.values_list("action", flat=True))
        texts = str(list(records.values_list("actor", "actor_id", "target", "target_id", "details")))
        assert re.search(rf"'{there.username}'|\b{there.organisation}\b|, {there.pk}[,)]", texts) is None


def test_only_the_home_account_is_found_by_a_single_sign_on(ann: Caller, seller: User) -> None:
    assert set(entered_directly().filter(pk__in=[own(ann).pk, seller.pk])) == {ann.user}


def test_an_administrator_reaches_only_the_account_of_their_organisation(ann: Caller, seller: User) -> None:
    adam = account("adam", ADMINISTRATOR)
    with pytest.raises(AccountRefused):
        deactivate(seller, by=adam)
    deactivate(own(ann), by=adam)
    seller.refresh_from_db()
    assert (seller.is_active, seller.home) == (True, None)
