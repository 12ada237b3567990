"""What a test leaves in the database is taken away after it, and what it took away is there again."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection

from accounts.roles import OPERATOR, REQUESTER
from tests.callers import person
from tests.emptying import empty_database, quoted, tables

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db(transaction=True)]


def rows() -> dict[str, list[Any]]:
    """The rows of every table."""
    found = {}
    with connection.cursor() as cursor:
        for table in tables():
            cursor.execute(f"SELECT * FROM {quoted(table)} ORDER BY 1")
            found[table] = cursor.fetchall()
    return found


def leave_rows() -> None:
    """Make an account with what belongs to it, and a role with a permission."""
    person("ann", OPERATOR)
    Group.objects.create(name="lawyers").permissions.add(Permission.objects.all()[0])


def change_a_row() -> None:
    """Rename a role that every installation has."""
    Group.objects.filter(name=REQUESTER).update(name="asker")


def take_rows_away() -> None:
    """Delete a role that every installation has, and the rows that name it."""
    leave_rows()
    Group.objects.filter(name=REQUESTER).delete()


@pytest.mark.parametrize("use", [leave_rows, change_a_row, take_rows_away], ids=lambda use: use.__name__)
def test_after_a_test_the_rows_are_those_of_the_beginning(use: Callable[[], None]) -> None:
    before = rows()
    use()
    assert rows() != before
    empty_database()
    assert rows() == before
