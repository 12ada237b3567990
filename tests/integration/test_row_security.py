"""The second wall: PostgreSQL gives a request no row of another organisation, even where the code forgets to narrow."""

import os
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from pytest_django import Settings

from accounts import walls
from accounts.checks import rows_are_walled
from accounts.models import User
from accounts.organisations import FIRST_ORGANISATION, Organisation
from accounts.postgresql.names import role_of
from accounts.reach import NOBODY, reaching, unlimited
from accounts.roles import ADMINISTRATOR, ROLES
from accounts.row_security import existing_policies, release_rows, secure_rows
from backlog.models import Project, Template
from backlog.organisations import make_organisation
from events import statements
from tests.two_organisations import Side, addresses, leaks, side

pytestmark = [
    pytest.mark.spine,
    pytest.mark.both,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no policies"),
]
VISITING = [*ROLES] if os.environ.get("EVERY_ROLE") else [ADMINISTRATOR]
AS_WHOM = "SELECT current_user::text, current_setting('interlock.organisation', true)"
LOGIN = connection.settings_dict["USER"]
WEB = role_of(LOGIN)
SHARED = (walls.of_all, walls.of_installation)


def count_projects(request: HttpRequest) -> HttpResponse:
    """A page that forgets to ask who is there."""
    return HttpResponse(f"{Project.objects.count()} {len(list(Project.objects.iterator()))}")


urlpatterns = [path("count", count_projects)]


@pytest.fixture
def sides(settings: Settings) -> tuple[Side, Side]:
    """Two organisations with a row of every kind each."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    zebra = side(Organisation.objects.get(pk=FIRST_ORGANISATION), "Zebra")
    return zebra, side(make_organisation("Walrus and sons"), "Walrus")


def walled() -> list[type[Model]]:
    """Every table whose rows belong to an organisation."""
    return [model for model in apps.get_models() if walls.CONDITIONS.get(model, walls.of_all) not in SHARED]


def keys(model: type[Model], organisation: int | None = None) -> set[Any]:
    """The keys of all rows of the table that there are, or of those that the organisation may meet by our own rule."""
    rows = model._base_manager.all()
    return {*(rows if organisation is None else rows.filter(walls.CONDITIONS[model](organisation))).values_list("pk")}


@pytest.mark.django_db
@pytest.mark.parametrize("guard", ["off", "on"] if len(VISITING) > 1 else ["off"])
def test_no_leak_at_any_address_whether_the_code_narrows_or_not(
    guard: str, sides: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    if guard == "off":
        monkeypatch.setattr(walls, "is_above", lambda user: True)
    calls, found = 0, []
    for here, there in (sides, sides[::-1]):
        made, met = leaks(here, there, VISITING, addresses(there) + (addresses(here) if len(VISITING) > 1 else []))
        calls, found = calls + made, found + met
    print(f"guard {guard}: {calls} calls, {len(found)} leaks")  # noqa: T201
    assert not found, "\n".join(found)


@pytest.mark.django_db
def test_the_policies_let_a_request_have_exactly_the_rows_that_the_code_lets_it_meet(sides: tuple[Side, Side]) -> None:
    for own in sides:
        number = own.organisation.pk
        meant = {model: keys(model, number) for model in walled()}
        with reaching(number):
            assert {model: keys(model) for model in walled()} == meant
    with reaching(NOBODY):
        assert {model: keys(model) for model in walled()} == {model: set() for model in walled()}


@pytest.mark.django_db
def test_every_table_that_has_an_organisation_has_a_policy_and_the_role_is_held_to_it() -> None:
    with connection.cursor() as cursor:
        tables = {*existing_policies(cursor).values()}
        cursor.execute("SELECT rolsuper OR rolbypassrls OR rolcanlogin FROM pg_roles WHERE rolname = %s", [WEB])
        assert cursor.fetchone() == (False,)
        cursor.execute(f"SET LOCAL ROLE {WEB}; SELECT count(*) FROM accounts_user")
        cursor.nextset()
        assert cursor.fetchone() == (0,), "without a number there is no row"
    assert tables == {model._meta.db_table for model in walled()}
    assert rows_are_walled(databases=["default"]) == []


@pytest.mark.django_db
def test_a_request_can_neither_make_nor_move_rows_beyond_its_organisation(sides: tuple[Side, Side]) -> None:
    zebra, walrus = (each.organisation.pk for each in sides)
    template = Template.objects.filter(organisation=zebra).values("name", "version", "definition").first()
    with reaching(zebra):
        assert Project.objects.filter(organisation=walrus).update(title="mine") == 0
    for act in (
        lambda: Template.objects.create(**(template or {}), organisation_id=walrus),
        lambda: Project.objects.update(organisation=walrus),
        lambda: User.objects.filter(username="zebra-operator").update(organisation=walrus),
    ):
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic(), reaching(zebra):
            act()


@pytest.mark.django_db
def test_a_page_that_forgets_to_ask_who_is_there_shows_no_row_of_others(
    sides: tuple[Side, Side], client: Client, settings: Settings
) -> None:
    settings.ROOT_URLCONF = __name__
    assert client.get("/count").content == b"0 0"
    client.force_login(User.objects.get(username="walrus-operator"))
    assert client.get("/count").content == b"2 2", "their own"
    assert Project.objects.count() == 4, "after the request all is there again"


@pytest.mark.django_db(transaction=True)
def test_nothing_of_a_limit_is_left_on_the_connection() -> None:
    with reaching(7):
        assert [as_whom(), as_whom_directly(), as_whom_together()] == [(WEB, "7")] * 3
        assert psycopg.Cursor(connection.connection).execute(AS_WHOM).fetchone() == (LOGIN, "")
    with transaction.atomic(), reaching(7):
        assert [as_whom(), as_whom_directly(), as_whom_together()] == [(WEB, "7")] * 3
        with unlimited():
            assert [as_whom(), as_whom_directly(), as_whom_together()] == [(LOGIN, "")] * 3
    assert as_whom() == (LOGIN, "")


@pytest.mark.django_db(transaction=True)
def test_a_rollback_to_a_savepoint_brings_no_earlier_limit_back() -> None:
    with transaction.atomic():
        before = transaction.savepoint()
        with reaching(7):
            assert as_whom() == (WEB, "7")
            transaction.savepoint_rollback(before)
            assert as_whom_directly() == (WEB, "7")
            limited = transaction.savepoint()
        assert as_whom() == (LOGIN, "")
        transaction.savepoint_rollback(limited)
        assert as_whom() == (LOGIN, "")


def as_whom() -> Any:
    """The role and the organisation of a statement of Django's."""
    with connection.cursor() as cursor:
        cursor.execute(AS_WHOM)
        return cursor.fetchone()


def as_whom_directly() -> Any:
    """Those of a statement that goes to the driver."""
    return statements.execute(AS_WHOM, [], fetch=True)[0]


def as_whom_together() -> Any:
    """Those of the second of two that are sent together."""
    found: list[Any] = []
    with statements.together():
        statements.execute_then("SELECT 1", [], found.extend)
        statements.execute_then(AS_WHOM, [], found.extend)
    return found[1]


@pytest.mark.django_db(transaction=True)
def test_a_migrate_that_goes_back_takes_the_policies_along() -> None:
    try:
        release_rows(plan=[(None, True)])
        assert "the policy of backlog_project" in rows_are_walled(databases=["default"])[0].msg
    finally:
        secure_rows()
    assert rows_are_walled(databases=["default"]) == []
