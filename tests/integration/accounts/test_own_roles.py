"""Roles that an organisation defines: whose they are, what they may permit, and what a change does."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import keys, role_editing
from accounts.audit import AuditRecord
from accounts.granting import change_groups, set_roles
from accounts.models import Organisation, OrganisationRole, User
from accounts.rank import AccountHasMoreRights, OtherOrganisation, OwnAccount
from accounts.rights import OFFERED
from accounts.role_editing import RoleRefused, change_role, delete_role, make_role, rights_of_role
from accounts.roles import ADMINISTRATOR, ANSWERER, OPERATOR, REQUESTER, ROLES
from accounts.walls import CONDITIONS, of_installation
from backlog.blueprints import add_version
from backlog.errors import InvalidTemplate
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Project
from backlog.organisations import make_organisation, move_account
from clarifications.assignment import reassign_question
from clarifications.errors import UnknownAssignee
from clarifications.models import Question
from clarifications.selectors import people_who_approve, question_in, waiting_questions
from tests.callers import Caller, account

pytestmark = pytest.mark.django_db
PAGES, PEOPLE = "/admin/accounts/organisationrole/", "/admin/accounts/user/"
REVIEW = ("backlog.view_project", "clarifications.view_question", "clarifications.change_question")


@pytest.fixture
def ann(settings: Settings) -> User:
    """An administrator of the first organisation."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    return account("ann", ADMINISTRATOR)


@pytest.fixture
def reviewers(ann: User) -> OrganisationRole:
    """A role of the first organisation."""
    return make_role("Reviewers", REVIEW, by=ann)


@pytest.fixture
def walrus() -> Organisation:
    """Another organisation."""
    return make_organisation("Walrus")


def browser_of(user: User) -> Client:
    """The browser in which they are signed in."""
    client = Client()
    client.force_login(user)
    return client


def holder(role: OrganisationRole, name: str = "otto") -> User:
    """Somebody who has the role."""
    found = account(name, organisation=role.organisation)
    set_roles(found, [role.group.name], by=None)
    return found


def page(role: OrganisationRole) -> str:
    """The address of the role's page."""
    return f"{PAGES}{role.pk}/change/"


def words_of(response: Any) -> str:
    """The page as one line, without marks."""
    return re.sub(r"<[^>]*>|\s+", " ", response.content.decode())


# -- what may be in a role -------------------------------------------------------------------------
def test_the_matrix_offers_every_right_of_the_built_in_roles_but_those_of_the_installation() -> None:
    def is_of_installation(right: str) -> bool:
        app, _dot, code = right.partition(".")
        return CONDITIONS[apps.get_model(app, code.partition("_")[2])] is of_installation

    every = set(ROLES[ADMINISTRATOR])
    assert {right for right in every if not is_of_installation(right)} == set(OFFERED)
    assert {"events.add_producer", "events.view_producer", "events.change_producer"} == every - set(OFFERED)


def test_nobody_puts_more_into_a_role_than_they_may_do_nor_what_is_the_installations(ann: User) -> None:
    keeper = holder(make_role("Keepers", ["accounts.change_organisationrole", *REVIEW], by=ann), "kim")
    browser = browser_of(keeper)
    assert re.search(r'value="accounts.view_auditrecord"[^>]*disabled', browser.get(f"{PAGES}add/").content.decode())
    refused = browser.post(f"{PAGES}add/", {"title": "Mine", "rights": ["accounts.view_auditrecord"]})
    assert "a right that you do not have: “Read the audit log”" in words_of(refused)
    auditors = make_role("Auditors", ["accounts.view_auditrecord"], by=ann)
    for act in (
        lambda: change_role(auditors, "Auditors", [], by=keeper),
        lambda: delete_role(auditors, by=keeper),
        lambda: set_roles(account("mia"), [auditors.group.name], by=keeper),
    ):
        with pytest.raises(AccountHasMoreRights):
            act()
    for right in ("events.add_producer", "accounts.delete_user"):
        with pytest.raises(RoleRefused, match=right):
            make_role("Above", [right], by=User(is_superuser=True, organisation=keeper.organisation))
    assert [role.title for role in OrganisationRole.objects.all()] == ["Auditors", "Keepers"]


def test_nobody_changes_what_they_hold_nor_what_somebody_above_them_holds(ann: User) -> None:
    role = make_role("Keepers", ["accounts.change_organisationrole"], by=ann)
    kim = holder(role, "kim")
    set_roles(kim, [ADMINISTRATOR, role.group.name], by=None)
    with pytest.raises(OwnAccount):
        change_role(
            role, "Keepers", ["accounts.change_organisationrole", "accounts.add_user"], by=User.objects.get(pk=kim.pk)
        )
    with pytest.raises(OwnAccount):
        set_roles(ann, [ADMINISTRATOR, role.group.name], by=ann)
    lower = holder(make_role("Lower", ["accounts.change_organisationrole", *REVIEW], by=ann), "lea")
    with pytest.raises(AccountHasMoreRights):
        change_role(role, "Keepers", [], by=lower)
    root = browser_of(User.objects.create_superuser("root"))
    producers = Permission.objects.get(codename="add_producer")
    root.post(f"/admin/auth/group/{role.group_id}/change/", {"name": "keepers", "permissions": [producers.pk]})
    assert rights_of_role(role) == {"accounts.change_organisationrole"}
    assert role.title in words_of(root.get(PAGES)), "this page is the one that changes it"


@pytest.mark.parametrize("title", ["", " ", "x" * 61, "Operator", "reviewERS", "a\x00b"])
def test_a_name_that_is_none_or_taken_is_refused(ann: User, reviewers: OrganisationRole, title: str) -> None:
    with pytest.raises(RoleRefused):
        make_role(title, REVIEW, by=ann)


def test_a_right_that_is_offered_no_more_can_be_taken_away(ann: User, reviewers: OrganisationRole) -> None:
    producers = Permission.objects.get(codename="view_producer")
    reviewers.group.permissions.add(producers)
    change_role(reviewers, "Reviewers", REVIEW, by=User.objects.get(pk=ann.pk))
    assert rights_of_role(reviewers) == set(REVIEW)


def test_an_organisation_has_so_many_roles_and_no_more(
    ann: User, reviewers: OrganisationRole, walrus: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(role_editing, "MOST_ROLES", 1)
    with pytest.raises(RoleRefused, match="at most 1 roles"):
        make_role("Second", REVIEW, by=ann)
    assert make_role("Second", REVIEW, by=account("adam", ADMINISTRATOR, organisation=walrus))


# -- whose a role is -------------------------------------------------------------------------------
def test_another_organisation_can_neither_see_nor_pick_nor_change_a_role(
    reviewers: OrganisationRole, walrus: Organisation
) -> None:
    adam, olga = account("adam", ADMINISTRATOR, organisation=walrus), account("olga", REQUESTER, organisation=walrus)
    browser, name = browser_of(adam), reviewers.group.name
    asked = (PAGES, page(reviewers), f"{PEOPLE}add/", f"{PEOPLE}{olga.pk}/change/", PEOPLE, "/admin/auth/group/")
    assert not [path for path in asked if "eviewers" in browser.get(path).content.decode()]
    taken = {"save": "1", "username": "olga", "role": name}
    assert "Select a valid choice" in browser.post(f"{PEOPLE}{olga.pk}/change/", taken).content.decode()
    for by in (adam, None, User(pk=0, is_superuser=True, is_active=True)):
        change_groups(olga, given=[name], taken=[], by=by)
    with pytest.raises(CommandError, match=r"There is no role default::reviewers(?!.*::)"):
        call_command("person", "olga", role=name)
    for act in (lambda: change_role(reviewers, "Mine", REVIEW, by=adam), lambda: delete_role(reviewers, by=adam)):
        with pytest.raises(OtherOrganisation):
            act()
    assert [group.name for group in olga.groups.all()] == [REQUESTER]
    above = browser_of(User.objects.create_superuser("root"))
    assert "eviewers" not in above.get(f"{PEOPLE}{olga.pk}/change/").content.decode(), "nor a superuser give it there"
    assert make_role("Reviewers", REVIEW, by=adam).group.name == "walrus::reviewers", "the name is not taken there"


def test_who_goes_to_another_organisation_leaves_its_roles_behind(
    reviewers: OrganisationRole, walrus: Organisation
) -> None:
    otto = holder(reviewers)
    change_groups(otto, given=[REQUESTER], taken=[], by=None)
    move_account(otto, walrus)
    otto.refresh_from_db()
    assert ([group.name for group in otto.groups.all()], otto.is_staff) == ([REQUESTER], False)


def test_the_command_gives_a_role_of_the_accounts_organisation(reviewers: OrganisationRole, capsys: Any) -> None:
    otto = account("otto", OPERATOR)
    call_command("person", "otto", role="default::reviewers")
    assert capsys.readouterr().out == "otto is a default::reviewers now.\n"
    assert [group.own_role for group in otto.groups.all()] == [reviewers]


# -- what a change does ----------------------------------------------------------------------------
def test_a_role_made_and_given_on_the_pages_lets_its_people_in_and_a_right_taken_keeps_them_out(ann: User) -> None:
    desk, otto = browser_of(ann), account("otto", REQUESTER)
    assert desk.post(f"{PAGES}add/", {"title": "Reviewers", "rights": REVIEW}).status_code == 302
    role = OrganisationRole.objects.get()
    picked = {"save": "1", "username": "otto", "role": role.group.name}
    assert desk.post(f"{PEOPLE}{otto.pk}/change/", picked).status_code == 302
    assert "Reviewers" in words_of(desk.get(f"{PEOPLE}?role={role.group.name}"))
    _key, text = keys.make_key(otto, name="own", scopes=["read"], lifetime=None)
    own, machine = browser_of(otto), Caller(otto, authorization=f"Bearer {text}")
    questions, events = "/admin/clarifications/question/", "/admin/events/event/"
    assert [own.get(path).status_code for path in (questions, events)] == [200, 403]
    assert [machine.get(path).status_code for path in ("questions", "dead-letters")] == [200, 403]
    assert machine.get("me").json()["roles"] == ["default::reviewers"]
    desk.post(page(role), {"save": "1", "title": "Reviewers", "rights": ["events.view_event"]})
    assert [own.get(path).status_code for path in (questions, events)] == [403, 200]
    desk.post(page(role), {"save": "1", "title": "Reviewers", "rights": ["backlog.add_project"]})
    assert [own.get(path).status_code for path in (questions, events)] == [302, 302], "no staff any more"
    assert not User.objects.get(pk=otto.pk).is_staff


def test_who_has_several_roles_keeps_them_when_something_else_is_changed_on_their_page(
    ann: User, reviewers: OrganisationRole
) -> None:
    lawyers, olga = Group.objects.create(name="lawyers"), account("olga", OPERATOR)
    change_groups(olga, given=[reviewers.group.name], taken=[], by=ann)
    changed = {"save": "1", "username": "olga", "first_name": "Olga", "role": OPERATOR, "groups": [lawyers.name]}
    assert browser_of(ann).post(f"{PEOPLE}{olga.pk}/change/", changed).status_code == 302
    assert {group.name for group in olga.groups.all()} == {OPERATOR, "default::reviewers", "lawyers"}


def test_a_role_that_somebody_has_is_not_deleted_and_says_who_has_it(ann: User, reviewers: OrganisationRole) -> None:
    desk, otto = browser_of(ann), holder(reviewers)
    desk.post(page(reviewers), {"save": "1", "title": "Second readers", "rights": REVIEW})
    reviewers.refresh_from_db()
    assert "called “second READERS” already" in words_of(desk.post(f"{PAGES}add/", {"title": "second READERS"}))
    assert (reviewers.title, reviewers.group.name) == ("Second readers", "default::reviewers")
    assert "otto" in words_of(desk.get(page(reviewers))), "a new name keeps its people"
    refused = desk.post(page(reviewers), {"delete": "1"}, follow=True)
    assert "Nothing changed. These people have the role: otto. Give them another one" in words_of(refused)
    set_roles(otto, [ANSWERER], by=ann)
    assert desk.post(page(reviewers), {"delete": "1"}).status_code == 302
    assert not OrganisationRole.objects.exists()
    assert not Group.objects.filter(name="default::reviewers").exists()


@pytest.mark.parametrize("place", ["approvers", "escalate_to"])
def test_a_role_that_a_template_in_use_names_is_not_deleted_and_says_which(
    ann: User, reviewers: OrganisationRole, place: str
) -> None:
    item = {"key": "first", "title": "Work", "agent_target": "a_worker"}
    without = {"name": "plan", "title": "Plan", "items": [item]}
    name = reviewers.group.name
    approved = {**item, "approval": "after", "approvers": {"groups": [name]}}
    naming = {"approvers": {"items": [approved]}, "escalate_to": {"silence": {"escalate_to": [name]}}}
    otto = holder(reviewers)
    add_version({**without, **naming[place]}, by="ann")
    set_roles(otto, [ANSWERER], by=ann)
    project, desk = opened_with("plan", account("rita", REQUESTER)), browser_of(ann)
    refused = desk.post(page(reviewers), {"delete": "1"}, follow=True)
    assert "These templates name the role: plan 1." in words_of(refused)
    add_version(without, by="ann")
    refused = desk.post(page(reviewers), {"delete": "1"}, follow=True)
    assert "plan 1" in words_of(refused), "a project in progress has it"
    assert OrganisationRole.objects.filter(pk=reviewers.pk).exists()
    Project.objects.filter(pk=project.pk).update(status="DONE")
    assert desk.post(page(reviewers), {"delete": "1"}).status_code == 302
    assert not OrganisationRole.objects.exists()


def test_each_change_is_in_the_audit_log_of_the_roles_organisation(walrus: Organisation) -> None:
    adam = account("adam", ADMINISTRATOR, organisation=walrus)
    desk, every = browser_of(adam), AuditRecord.objects.filter(target="role walrus::readers")
    desk.post(f"{PAGES}add/", {"title": "Readers", "rights": REVIEW[:1]})
    role = OrganisationRole.objects.get()
    root = browser_of(User.objects.create_superuser("root"))
    root.post(page(role), {"save": "1", "title": "Lectors", "rights": REVIEW[1:2]})
    root.post(page(role), {"delete": "1"})
    assert [record.actor for record in every.order_by("pk")] == ["adam"] * 2 + ["root"] * 4
    assert {record.organisation_id for record in every} == {walrus.pk}
    assert [(record.action, record.details) for record in every.order_by("pk")] == [
        ("role-made", "title: Readers"),
        ("rights-given", "permission: backlog.view_project"),
        ("role-changed", "title: Readers → Lectors"),
        ("rights-taken", "permission: backlog.view_project"),
        ("rights-given", "permission: clarifications.view_question"),
        ("role-deleted", "title: Lectors"),
    ]


# -- questions and approvals -----------------------------------------------------------------------
def test_questions_wait_for_a_role_and_templates_have_it_approve_in_its_organisation_alone(
    reviewers: OrganisationRole, walrus: Organisation
) -> None:
    item = {
        "key": "first",
        "title": "Work",
        "agent_target": "a_worker",
        "approvers": {"groups": ["default::reviewers"]},
    }
    plan = {"name": "plan", "title": "Plan", "items": [{**item, "approval": "after"}]}
    with pytest.raises(InvalidTemplate, match=r"no group 'default::reviewers'; the groups are: (?!.*eviewers)"):
        add_version(plan, by="adam", organisation=walrus.pk)
    otto, olga, adam = holder(reviewers), account("olga", ANSWERER), account("adam", ADMINISTRATOR, organisation=walrus)
    add_version(plan, by="ann")
    approval(opened_with("plan", account("rita", REQUESTER)), "First")
    asked = Question.objects.get()
    assert [*people_who_approve(asked)] == [otto]
    asked = handed(asked, "default::reviewers")
    assert [who.username for who in (otto, olga) if waiting_questions(who).exists()] == ["otto"]
    add_version({**plan, "items": [{**item, "approvers": {}, "approval": "after"}]}, by="adam", organisation=walrus.pk)
    approval(opened_with("plan", account("rolf", REQUESTER, organisation=walrus)), "Second")
    theirs = Question.objects.get(title="Second")
    with pytest.raises(UnknownAssignee):
        handed(theirs, "default::reviewers")
    page = browser_of(adam).get(f"/admin/clarifications/question/{theirs.pk}/change/").content.decode()
    assert "answerer</option>" in page
    assert "eviewers" not in page


def opened_with(template: str, requester: User) -> Project:
    """A project of this template."""
    said = {"project_id": str(uuid4()), "request_text": "Do it.", "requester": requester.username, "template": template}
    with project_work() as work:
        submit_request(work, request=said)  # type: ignore[typeddict-item]
    return Project.objects.get(pk=said["project_id"])


def approval(project: Project, title: str) -> None:
    """An open question about the approval of the project's item."""
    now = timezone.now()
    Question.objects.create(
        project=project, field="approval:first", kind="approval", title=title, schema={}, pointer="/x",
        asked_by="gate", asked_at=now, due_at=now + timedelta(days=1), next_step_at=now,
    )  # fmt: skip


def handed(question: Question, to: str) -> Question:
    """The question, once it was handed to this person or group."""
    with project_work() as work:
        reassign_question(work, question=question_in(work, question.pk), to=to, by=User.objects.get(username="olga"))
    return Question.objects.get(pk=question.pk)
