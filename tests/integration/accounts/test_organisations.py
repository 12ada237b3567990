"""An account sees the projects of its organisation, and a project belongs to the organisation of its owner."""

from collections.abc import Iterator
from uuid import uuid4

import orjson
import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.audit import AuditRecord
from accounts.models import User
from accounts.organisations import FIRST_ORGANISATION, Organisation, make_first_organisation
from accounts.roles import OPERATOR, REQUESTER
from accounts.walls import CONDITIONS
from backlog.blueprints import add_version, load_blueprints, newest_version
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Project, Template
from backlog.organisations import make_organisation, move_account
from backlog.selectors import may_watch, projects_for
from clarifications.assignment import reassign_question
from clarifications.errors import UnknownAssignee
from clarifications.models import Question
from clarifications.selectors import people_waited_for, question_in, waiting_questions
from events.deadletters import bury_all
from events.errors import InvalidEvent
from events.models import DeadLetter
from events.streams import Entry
from tests.api_seeds import items as seeds
from tests.api_seeds import opened as seeded_project
from tests.callers import account, machine, person
from tests.flows import envelope, step

pytestmark = pytest.mark.django_db

ROOMS = {"accounts", "api", "backlog", "clarifications", "events", "intake", "reports", "webhooks"}


@pytest.fixture
def sales() -> Organisation:
    """A second organisation."""
    return make_organisation("Sales")


def opened(requester: str, template: str = "audit") -> Project:
    """A project that this requester opened."""
    request = {"project_id": str(uuid4()), "request_text": "Do it.", "template": template, "requester": requester}
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
    add_version({"name": "seeds", "title": "Seeds", "items": seeds()}, by="tests", organisation=sales.pk)
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


def test_a_worker_of_another_organisation_gets_none_of_the_work(sales: Organisation) -> None:
    add_version({"name": "work", "title": "Work", "items": [step("only")]}, by="tests")
    opened("nobody", template="work")
    bots = [machine("theirs", organisation=sales), machine("ours"), machine("again")]
    leased = [bot.post("work/lease", {"agent": "foreign_worker"}).json()["items"] for bot in bots]
    assert [len(items) for items in leased] == [0, 1, 0]


def test_a_question_is_handed_over_within_its_organisation_alone(sales: Organisation) -> None:
    account("theirs", OPERATOR, organisation=sales)
    account("ours", OPERATOR)
    question = opened("nobody").questions.first()
    assert question is not None
    with pytest.raises(UnknownAssignee), project_work() as work:
        reassign_question(work, question=question_in(work, question.pk), to="theirs", by=User(username="x"))
    with project_work() as work:
        held = reassign_question(work, question=question_in(work, question.pk), to="ours", by=User(username="x"))
    assert str(held.assigned_to) == "ours"
    assert {user.username for user in people_waited_for(held)} == {"ours"}


def test_a_question_waits_for_anybody_of_its_organisation_once_its_holder_has_left_it(sales: Organisation) -> None:
    held = account("ours", OPERATOR)
    stays = account("stays", OPERATOR)
    Question.objects.filter(project=opened("nobody")).update(assigned_to=held)
    assert not waiting_questions(stays).exists()
    move_account(held, sales)
    assert waiting_questions(stays).exists()
    assert not waiting_questions(User.objects.get(pk=held.pk)).exists()


def test_templates_are_copied_to_each_organisation_and_its_changes_are_its_own(sales: Organisation) -> None:
    names = Template.objects.filter(organisation=FIRST_ORGANISATION).values_list("name", flat=True)
    assert set(Template.objects.filter(organisation=sales).values_list("name", flat=True)) == set(names)
    changed = newest_version("audit", sales.pk).definition | {"title": "Of sales"}
    account("sam", REQUESTER, organisation=sales)
    add_version(changed, by="sam", organisation=sales.pk)
    assert opened("sam").template.definition["title"] == "Of sales" != opened("nobody").template.definition["title"]
    load_blueprints()
    assert newest_version("audit", sales.pk).definition["title"] == "Of sales"


def test_a_dead_letter_belongs_to_the_project_it_names_else_to_whose_event_it_is(sales: Organisation) -> None:
    account("sam", REQUESTER, organisation=sales)
    theirs = {"project_id": str(opened("sam").pk)}
    payloads = [theirs, {"project_id": str(uuid4()), "requester": "sam"}, {"answered_by": "sam"}, {"project_id": 7}, {}]
    wires = [orjson.dumps(envelope("WORK.ITEM_COMPLETED", payload)) for payload in payloads]
    fields = [{b"event": wire} for wire in wires] + [{b"event": b"?", b"project": theirs["project_id"].encode()}]
    with CaptureQueriesContext(connection) as captured:
        bury_all([(Entry("log", str(n), each), InvalidEvent("?")) for n, each in enumerate(fields)], "g")
    found = list(DeadLetter.objects.order_by("pk").values_list("organisation", flat=True))
    assert found == [sales.pk, sales.pk, sales.pk, FIRST_ORGANISATION, FIRST_ORGANISATION, sales.pk]
    assert len(captured) <= 6


def test_every_table_says_to_which_organisation_its_rows_belong() -> None:
    ours = {model for model in apps.get_models() if model.__module__.partition(".")[0] in ROOMS}
    assert ours - set(CONDITIONS) == set()


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
