"""The page of the staff's home: who sees which part of it, and what it says when there is nothing."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from events import streams
from tests.overviews import letters, many_rows, page, projects, seen

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]
SignIn = Callable[..., Client]
PARTS = {
    "view_question": "Open questions",
    "view_project": "Projects",
    "view_item": "Work under way",
    "view_event": "Streams",
    "view_deadletter": "Dead letters",
}


def headings(html: str) -> list[str]:
    """The headings of the page's cards."""
    return re.findall(r'<section class="card[^>]*>\s*<h2>([^<]*)</h2>', html)


@pytest.mark.parametrize("permission", PARTS)
def test_each_part_is_shown_only_to_those_who_may_see_its_list(sign_in: SignIn, permission: str) -> None:
    letters(1)
    html = page(sign_in("vera", permission))
    expected = {PARTS[permission]}
    if permission == "view_project":
        expected.add("Throughput and lead time, the last 24 hours")
    assert set(headings(html)) == expected
    assert "You may see no part" not in html


def test_who_may_change_a_list_sees_its_part(sign_in: SignIn) -> None:
    assert headings(page(sign_in("carl", "change_deadletter"))) == ["Dead letters"]


def test_who_may_see_nothing_is_told_what_to_do(sign_in: SignIn) -> None:
    html = page(sign_in("nora"))
    assert headings(html) == []
    assert "Ask an administrator for a role." in html


def test_who_may_not_see_items_is_led_to_the_dispatches_of_a_work_stream(sign_in: SignIn) -> None:
    client = sign_in("eve", "view_event")
    streams.ensure_group(streams.work_stream("cost_worker"), streams.worker_group("cost_worker"))
    found = seen("eve").streams
    assert found
    assert found.groups[0].url.endswith("?type=WORK.ITEM_DISPATCHED")
    assert client.get(found.groups[0].url).status_code == 200


def test_who_is_no_staff_is_sent_to_sign_in(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("rita"))
    assert client.get(reverse("admin:index")).status_code == 302


def test_an_empty_system_says_what_to_do(staff: Client) -> None:
    html = page(staff)
    assert "There is no request yet." in html
    for words in (
        "No question is open.",
        "There are no dead letters",
        "Nothing was finished in the last 24 hours.",
        "No agent has anything to do.",
        "No process reads the streams yet.",
    ):
        assert words in html


def test_once_something_was_asked_the_page_does_not_say_that_nothing_was(staff: Client) -> None:
    projects(1, "DONE", ago=1000)
    assert "No question was asked." not in page(staff)


def test_without_a_broker_the_page_says_so_and_shows_the_rest(staff: Client, settings: Any, tmp_path: Path) -> None:
    letters(2)
    before = settings.REDIS_URL
    try:
        settings.REDIS_URL = f"unix://{tmp_path}/nobody"
        streams.client.cache_clear()
        html = page(staff)
    finally:
        settings.REDIS_URL = before
        streams.client.cache_clear()
    assert "The broker does not answer." in html
    assert "There is no such event type." in html


def test_the_page_is_live_and_every_region_of_it_can_be_found_again(staff: Client) -> None:
    html = page(staff)
    assert '<meta name="interlock-live" content="overview inbox">' in html
    assert len(re.findall(r'id="overview-[a-z]+" data-live', html)) == 7


def test_no_id_of_the_page_is_there_twice(staff: Client) -> None:
    many_rows(3)
    streams.ensure_group(streams.work_stream("cost_worker"), streams.worker_group("cost_worker"))
    ids = re.findall(r'\bid="([^"]*)"', page(staff))
    assert len(ids) == len(set(ids))


def test_every_list_of_the_admin_stays_within_reach(staff: Client) -> None:
    html = page(staff)
    for model in ("backlog_item", "backlog_deliverable", "events_event", "clarifications_question"):
        assert reverse(f"admin:{model}_changelist") in html.partition('id="everything"')[2]
