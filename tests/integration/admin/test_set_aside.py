"""Staff see which projects the clock has set aside and why, and have them tried again."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events.models import SetAside

pytestmark = pytest.mark.django_db

LIST = reverse("admin:events_setaside_changelist")


@pytest.fixture
def row() -> SetAside:
    """A project that was set aside for an hour."""
    now = timezone.now()
    moments = {"first_seen": now, "last_seen": now, "next_try_at": now + timedelta(hours=1)}
    return SetAside.objects.create(round="deadlines", project_id=uuid4(), reason="ValueError: no such key", **moments)


def test_the_overview_counts_them_and_leads_to_the_reasons(staff: Client, row: SetAside) -> None:
    assert 'id="set-aside"' in staff.get(reverse("admin:index")).content.decode()
    page = staff.get(LIST).content.decode()
    assert (str(row.project_id) in page, "no such key" in page) == (True, True)
    assert staff.get(reverse("admin:events_setaside_change", args=[row.pk])).status_code == 200


def test_the_overview_says_nothing_when_there_are_none(staff: Client) -> None:
    assert 'id="set-aside"' not in staff.get(reverse("admin:index")).content.decode()


def test_staff_have_it_tried_again_at_once(staff: Client, row: SetAside) -> None:
    staff.post(LIST, {"action": "try_again", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert row.next_try_at <= timezone.now()
