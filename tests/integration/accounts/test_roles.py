"""Roles: there from the first migration, and each sees and does what it should, object by object."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.models import User
from accounts.organisations import FIRST_ORGANISATION
from accounts.roles import ADMINISTRATOR, ANSWERER, OPERATOR, REQUESTER, ROLES, STAFF_ROLES
from backlog.models import Project, Template
from backlog.organisations import make_organisation
from backlog.selectors import may_watch, projects_for
from clarifications.models import Question
from clarifications.selectors import (
    answerable_among,
    answerable_by,
    count_waiting_for,
    is_only_for_others,
    questions_for,
)

pytestmark = pytest.mark.django_db


def person(name: str, role: str) -> User:
    """A person with one role."""
    user = User.objects.create_user(name, is_staff=role in STAFF_ROLES)
    user.groups.add(Group.objects.get(name=role))
    return user


def question(requester: str, **fields: Any) -> Question:
    """An open question about a project of this requester's."""
    now = timezone.now()
    audit = Template.objects.get(name="audit")
    owner = User.objects.filter(username=requester).first()
    named = {"requester": requester, "owner": owner}
    project = Project.objects.create(id=uuid4(), title="P", template=audit, opened_at=now, **named)
    times = {"asked_at": now, "due_at": now, "next_step_at": now}
    about = {"field": "rate", "title": "Rate", "schema": {"type": "number"}, "pointer": "/rate"}
    return Question.objects.create(project=project, asked_by="audit", **about, **times, **fields)


def test_every_role_is_a_group_with_exactly_its_permissions() -> None:
    for role, permissions in ROLES.items():
        given = Group.objects.get(name=role).permissions.values_list("content_type__app_label", "codename")
        assert {f"{app}.{name}" for app, name in given} == set(permissions), role


def test_a_requester_sees_own_projects_and_their_questions_only() -> None:
    rita = person("rita", REQUESTER)
    own, other = question("rita"), question("remy")
    assert list(projects_for(rita)) == [own.project]
    assert list(questions_for(rita)) == [own]
    asked = [str(own.project_id), str(other.project_id), "no uuid"]
    assert may_watch(rita, asked) == {str(own.project_id)}


def test_a_requester_answers_what_was_handed_to_nobody_else_and_approves_nothing() -> None:
    rita, carl = person("rita", REQUESTER), person("carl", ANSWERER)
    person("leo", ANSWERER).groups.add(Group.objects.create(name="lawyers"))
    own, handed = question("rita"), question("rita", assigned_to=rita)
    question("rita", assigned_group="lawyers")
    question("rita", assigned_to=carl)
    question("rita", kind=Question.Kind.APPROVAL)
    question("rita", status="ANSWERED")
    assert set(answerable_by(rita)) == {own, handed}


def test_a_closed_question_waits_for_nobody_which_takes_one_look(django_assert_num_queries: Any) -> None:
    rita = person("rita", REQUESTER)
    own, other, closed = question("rita"), question("remy"), question("remy", status="ANSWERED")
    rita.get_all_permissions()
    with django_assert_num_queries(3):
        assert [is_only_for_others(rita, asked) for asked in (own, other, closed)] == [False, True, False]


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_staff_see_everything_and_may_answer(role: str) -> None:
    staff = person("ann", role)
    person("leo", ANSWERER).groups.add(Group.objects.create(name="lawyers"))
    asked = question("rita", assigned_group="lawyers")
    assert list(projects_for(staff)) == [asked.project]
    assert list(answerable_by(staff)) == [asked]
    assert count_waiting_for(staff) == 0


def test_the_number_in_the_navigation_follows_everything_that_the_person_becomes() -> None:
    person("ann", REQUESTER)
    question("ann"), question("rita"), question("rita", kind=Question.Kind.APPROVAL)
    role, ann = Group.objects.get(name=OPERATOR), User.objects.filter(username="ann")
    assert count_waiting_for(ann.get()) == 1
    ann.get().groups.add(role)
    assert count_waiting_for(ann.get()) == 3
    ann.update(is_service=True)
    assert count_waiting_for(ann.get()) == 2
    ann.update(is_service=False, organisation=make_organisation("Another"))
    assert count_waiting_for(ann.get()) == 0
    ann.update(is_superuser=True)
    assert count_waiting_for(ann.get()) == 3
    ann.update(is_superuser=False, organisation=FIRST_ORGANISATION)
    with_key = ann.get()
    with_key.key, _text = keys.make_key(with_key, name="k", scopes=["read", "questions"], lifetime=None)
    assert count_waiting_for(with_key) == 2
    role.user_set.clear()
    assert count_waiting_for(ann.get()) == 1


def test_an_approval_is_given_by_no_key_and_by_no_machine() -> None:
    asked, approval = question("rita"), question("rita", kind=Question.Kind.APPROVAL)
    ann, bot = person("ann", OPERATOR), User.objects.create_user("bot", is_service=True)
    bot.groups.add(Group.objects.get(name=OPERATOR))
    assert set(answerable_by(ann)) == {asked, approval}
    ann.key, _text = keys.make_key(ann, name="k", scopes=["read", "questions"], lifetime=None)
    assert list(answerable_by(ann)) == [asked]
    assert list(answerable_by(bot)) == [asked]


@pytest.mark.parametrize("role", [REQUESTER, *STAFF_ROLES])
@pytest.mark.parametrize("caller", ["person", "key", "machine"])
def test_of_loaded_questions_those_are_answerable_that_the_query_finds(role: str, caller: str) -> None:
    user = User.objects.create_user("rita", is_service=caller == "machine")
    user.groups.add(Group.objects.get(name=role))
    if caller == "key":
        user.key, _text = keys.make_key(user, name="k", scopes=["read", "questions"], lifetime=None)
    carl = person("carl", ANSWERER)
    carl.groups.add(Group.objects.create(name="lawyers"))
    held: list[dict[str, Any]] = [{}, {"assigned_to": carl}, {"assigned_to": user}, {"assigned_group": "lawyers"}]
    kinds: list[dict[str, Any]] = [{}, {"kind": Question.Kind.APPROVAL}, {"status": "ANSWERED"}]
    asked = [question(name, **how, **kind) for name in ("rita", "remy") for how in held for kind in kinds]
    assert answerable_among(user, asked) == set(answerable_by(user).values_list("pk", flat=True))


@pytest.fixture
def rooms() -> dict[str, str]:
    """The admin's rooms that not everybody may enter."""
    return {
        "questions": "/admin/clarifications/question/",
        "dead letters": "/admin/events/deadletter/",
        "people": "/admin/accounts/user/",
        "templates": "/admin/backlog/template/",
    }


@pytest.mark.parametrize(
    ("role", "open_rooms"),
    [
        (REQUESTER, set()),
        (ANSWERER, {"questions", "templates"}),
        (OPERATOR, {"questions", "templates", "dead letters"}),
        (ADMINISTRATOR, {"questions", "templates", "dead letters", "people"}),
    ],
)
def test_each_role_enters_its_rooms_and_no_other(role: str, open_rooms: set[str], rooms: dict[str, str]) -> None:
    client = Client()
    client.force_login(person("someone", role))
    entered = {name for name, url in rooms.items() if client.get(url).status_code == 200}
    assert entered == open_rooms
