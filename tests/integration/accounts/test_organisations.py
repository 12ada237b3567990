"""An account sees the projects of its organisation, and a project belongs to the organisation of its owner."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.audit import AuditRecord
from accounts.models import User
from accounts.organisations import FIRST_ORGANISATION, Organisation, make_first_organisation
from accounts.roles import OPERATOR, REQUESTER
from backlog.blueprints import add_version
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Project
from backlog.selectors import may_watch, projects_for
from tests.api_seeds import items as seeds
from tests.api_seeds import opened as seeded_project
from tests.callers import account, machine, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def sales() -> Organisation:
    """A second organisation."""
    return Organisation.objects.create(name="Sales", slug="sales")


def opened(requester: str) -> Project:
    """A project that this requester opened."""
    request = {"project_id": str(uuid4()), "request_text": "Do it.", "template": "audit", "requester": requester}
    with project_work() as work:
        submit_request(work, request=request)  # type: ignore[arg-type]
    return Project.objects.get(pk=request["project_id"])


def test_an_installation_begins_with_one_organisation_and_the_next_gets_another_number(sales: Organisation) -> None:
    assert Organisation.objects.get(slug="default").pk == FIRST_ORGANISATION != sales.pk
    make_first_organisation()
    assert Organisation.objects.count() == 2


def test_a_project_belongs_to_the_organisation_of_its_owner_else_to_the_first_one(sales: Organisation) -> None:
    account("sam", REQUESTER, organisation=sales)
    assert opened("sam").organisation_id == sales.pk
    assert opened("nobody").organisation_id == FIRST_ORGANISATION


def test_a_project_stays_where_it_was_opened_when_its_owner_moves_on(sales: Organisation) -> None:
    sam = account("sam", REQUESTER, organisation=sales)
    project = opened("sam")
    User.objects.filter(pk=sam.pk).update(organisation=FIRST_ORGANISATION)
    assert not projects_for(User.objects.get(pk=sam.pk)).filter(pk=project.pk).exists()
    assert AuditRecord.objects.get(action="account-changed").details == "organisation: Sales → Default"


@pytest.mark.parametrize("role", [REQUESTER, OPERATOR])
def test_a_project_of_another_organisation_is_not_there_for_anybody(sales: Organisation, role: str) -> None:
    account("sam", REQUESTER, organisation=sales)
    theirs, own = opened("sam"), opened("rita")
    Project.objects.filter(pk=own.pk).update(owner=(rita := person("rita", role)).user)
    for caller in (rita, machine("robot", role)):
        assert caller.get(f"projects/{theirs.pk}").status_code == caller.get(f"projects/{uuid4()}").status_code == 404
        assert str(theirs.pk) not in caller.get("projects").content.decode()
        assert may_watch(caller.user, [str(theirs.pk)]) == set()  # type: ignore[arg-type]
    assert rita.get(f"projects/{own.pk}").status_code == 200


def doors(project: Project) -> Iterator[str]:
    """Addresses of REST and of the admin at which one thing of this project is read."""
    named = {"item": project.items.get(key="last"), "deliverable": project.deliverables.get()}
    yield from (f"/api/v1/{name}s/{row.pk}" for name, row in named.items())
    named |= {"project": project}
    yield from (reverse(f"admin:backlog_{name}_change", args=[row.pk]) for name, row in named.items())
    yield reverse("admin:clarifications_question_change", args=[project.questions.first().pk])  # type: ignore[union-attr]


STATS = "/api/v1/stats"
LISTS = ["/api/v1/items", "/api/v1/deliverables", "/api/v1/projects"]
ADMIN_LISTS = ["backlog_project", "backlog_item", "backlog_deliverable", "clarifications_question"]


def test_staff_find_nothing_of_another_organisation_in_lists_counts_and_pages(sales: Organisation) -> None:
    add_version({"name": "seeds", "title": "Seeds", "items": seeds()}, by="tests")
    account("sam", REQUESTER, organisation=sales)
    olga, root = person("olga", OPERATOR).client, person("root").client
    User.objects.filter(username="root").update(is_superuser=True, is_staff=True)
    listed = [*LISTS, *(reverse(f"admin:{name}_changelist") for name in ADMIN_LISTS)]
    before = [olga.get(address).content.count(b"Do it") for address in listed], olga.get(STATS).json()["items"]
    theirs = seeded_project("sam")
    after = [olga.get(address).content.count(b"Do it") for address in listed], olga.get(STATS).json()["items"]
    assert before == after
    for address in doors(theirs):
        assert root.get(address).status_code == 200, address
        assert olga.get(address).status_code in (302, 404), address


def test_a_superuser_sees_the_projects_of_each_organisation(sales: Organisation) -> None:
    account("sam", REQUESTER, organisation=sales)
    theirs, own = opened("sam"), opened("nobody")
    root = account("root", is_superuser=True)
    assert set(projects_for(root)) == {theirs, own}


def test_narrowing_to_an_organisation_costs_no_query_more() -> None:
    opened("nobody")
    operator = User.objects.get(pk=account("olga", OPERATOR).pk)
    operator.has_perm("backlog.view_project")
    with CaptureQueriesContext(connection) as captured:
        assert projects_for(operator).count() == 1
    assert len(captured) == 1
