"""A role of an organisation is given by one person and deleted by another at the same moment."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.granting import set_roles
from accounts.models import OrganisationRole, User
from accounts.role_editing import RoleRefused, delete_role, make_role
from accounts.roles import ADMINISTRATOR
from tests.callers import account
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.spine,
    pytest.mark.both,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def somebody_waits() -> bool:
    """Whether another connection waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])


def meanwhile(first: Callable[[], object], second: Callable[[], object]) -> "Future[Any]":
    """What the second came to, which another connection began when the first had been done and not committed."""

    def in_thread() -> object:
        try:
            return second()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            later = pool.submit(in_thread)
            wait_until(somebody_waits, 10)
        later.exception()
    return later


def test_a_role_is_neither_given_while_it_is_deleted_nor_deleted_while_it_is_given() -> None:
    ann, otto = account("ann", ADMINISTRATOR), account("otto")
    roles: list[OrganisationRole] = [make_role(title, ["backlog.add_project"], by=ann) for title in ("One", "Two")]
    one, two = (role.group.name for role in roles)
    later = meanwhile(lambda: delete_role(roles[0], by=ann), lambda: set_roles(otto, [one], by=None))
    assert (later.exception(), otto.groups.count()) == (None, 0)
    later = meanwhile(lambda: set_roles(otto, [two], by=None), lambda: delete_role(roles[1], by=ann))
    assert isinstance(later.exception(), RoleRefused)
    assert [held.name for held in User.objects.get(pk=otto.pk).groups.all()] == [two]
