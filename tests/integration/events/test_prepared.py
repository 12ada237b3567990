"""A prepared query gives what its queryset gives, however many keys there are, and is compiled once for each number."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from backlog.blueprints import newest_version
from backlog.models import Item, Project, Template
from backlog.selectors import ITEMS, LOCKED_PROJECTS
from events import statements
from events.prepared import Prepared, rows_together
from events.statements import together
from tests.api_seeds import seeded

pytestmark = [pytest.mark.django_db, pytest.mark.spine, pytest.mark.both]


@pytest.fixture
def ids() -> list[UUID]:
    """The ids of some projects, in no order."""
    seeded("rita", "carl")
    return list(Project.objects.order_by("correlation_id").values_list("pk", flat=True))


def columns(row: Any) -> dict[str, Any]:
    """Every stored value of the object."""
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_it_gives_the_objects_of_its_queryset(ids: list[UUID]) -> None:
    for wanted in (ids[:1], ids, [*ids, uuid4()], ids[:1]):
        stored = Item.objects.filter(project_id__in=wanted).order_by("project_id", "position")
        assert [columns(item) for item in ITEMS.rows(wanted)] == [columns(item) for item in stored]


def test_it_gives_the_dictionaries_of_its_queryset(ids: list[UUID]) -> None:
    query = Prepared[dict[str, Any]](
        lambda keys: Item.objects.filter(project__in=keys, key="needy").order_by("pk").values("pk", "project__intake")
    )
    stored = Item.objects.filter(project__in=ids, key="needy").order_by("pk").values("pk", "project__intake")
    assert query.rows(ids) == list(stored) != []


def test_a_key_may_be_a_text_even_one_that_reads_as_a_uuid() -> None:
    newest = newest_version("minimal")
    name = str(uuid4())
    named = Template.objects.create(name=name, version=1, definition=newest.definition)
    assert (newest_version(name), newest_version("minimal")) == (named, newest)


def test_no_key_is_no_query_and_a_missing_row_is_none(ids: list[UUID], django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert ITEMS.rows([]) == []
    assert ITEMS.row(uuid4()) is None


def test_its_queryset_is_made_once_or_on_sqlite_once_for_each_number_of_keys(ids: list[UUID]) -> None:
    built: list[int] = []

    def build(keys: Any) -> Any:
        built.append(len(keys))
        return Project.objects.filter(pk__in=keys)

    query = Prepared[Project](build)
    for wanted in (ids[:1], ids[1:2], ids[:2], ids[1:3], ids[2:3]):
        assert {project.pk for project in query.rows(wanted)} == set(wanted)
    assert built == ([1] if connection.vendor == "postgresql" else [1, 2])


def test_it_locks_the_rows_that_its_queryset_locks(ids: list[UUID]) -> None:
    for _ in range(2):
        with transaction.atomic(), CaptureQueriesContext(connection) as asked:
            assert [project.pk for project in LOCKED_PROJECTS.rows(ids)] == sorted(ids)
        locks = [query["sql"] for query in asked if "FOR UPDATE" in query["sql"]]
        assert len(locks) == (1 if connection.vendor == "postgresql" else 0)


def test_rows_that_are_asked_for_inside_a_block_of_statements_are_there_at_once(ids: list[UUID]) -> None:
    with together():
        [projects, items] = rows_together((LOCKED_PROJECTS, ids), (ITEMS, ids))
        assert [project.pk for project in projects] == sorted(ids)
        assert {item.project_id for item in items} <= set(ids)


def test_a_key_that_is_compared_otherwise_is_refused_on_postgresql(ids: list[UUID]) -> None:
    query = Prepared[Project](lambda keys: Project.objects.filter(pk=keys[0]))
    if connection.vendor == "postgresql":
        with pytest.raises(ValueError, match="otherwise than by __in"):
            query.rows(ids)
    else:
        assert [project.pk for project in query.rows(ids[:1])] == ids[:1]


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_keeps_plans_prepares_its_statements() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL prepares statements")
    connection.close()
    connection.ensure_connection()
    statements.keep_plans(connection)
    try:
        statements.execute("SELECT clock_timestamp()", [], fetch=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT statement FROM pg_prepared_statements")
            assert cursor.fetchall() == [("SELECT clock_timestamp()",)]
    finally:
        connection.keeps_plans = False  # type: ignore[attr-defined]
        connection.close()
