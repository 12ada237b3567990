"""Deadlines go by the database's clock."""

from datetime import UTC, timedelta

import pytest
from django.utils import timezone

from events.clock import database_now
from events.work import unit_of_work

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db]


def test_the_database_tells_the_time_in_utc() -> None:
    now = database_now()
    assert now.tzinfo == UTC
    assert abs(now - timezone.now()) < timedelta(seconds=5)


def test_the_clock_moves_on_within_a_transaction() -> None:
    first = database_now()
    assert database_now() > first


def test_a_unit_of_work_has_one_moment() -> None:
    before = database_now()
    with unit_of_work() as work:
        assert before <= work.now <= database_now()
