"""The staff's home: what waits, what is under way, what was finished, what is stuck; every figure is a link."""

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from events import streams
from staff import overview as home
from tests.flows import envelope, put
from tests.overviews import every_figure, items, letters, many_rows, page, projects, question, seen, texts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


# -- numbers ---------------------------------------------------------------------------------------
def test_open_questions_are_counted_by_their_age(staff: Client) -> None:
    for hours in (0.5, 0.6, 1.5, 5, 23, 30, 300):
        question(asked=hours)
    question(asked=0.5, status="ANSWERED", closed_at=timezone.now())
    found = seen().questions
    assert found
    assert found.total.text == "7"
    assert list(texts(found.ages).values()) == ["2", "1", "2", "2"]
    assert found.overdue.count == 0


def test_overdue_questions_are_counted_whatever_their_age(staff: Client) -> None:
    question(asked=0.5, due=-1)
    question(asked=50, due=-0.1)
    question(asked=50, due=1)
    found = seen().questions
    assert found
    assert found.overdue.text == "2"
    assert "2 overdue" in page(staff)


def test_open_questions_are_counted_by_whom_they_wait_for(staff: Client) -> None:
    ann = User.objects.get(username="ann")
    question(asked=1, assigned_to=ann)
    question(asked=1, assigned_to=ann, assigned_group="controllers")
    question(asked=1, assigned_group="controllers")
    for _ in range(3):
        question(asked=1)
    found = seen().questions
    assert found
    assert texts(found.holders) == {"A person": "2", "A group": "1", "Anybody": "3"}


def test_projects_are_counted_by_state_and_those_finished_within_a_day(staff: Client) -> None:
    projects(3, "OPEN")
    projects(2, "WAITING")
    projects(4, "FAILED", ago=100)
    projects(5, "CANCELLED", ago=1)
    projects(6, "DONE", ago=23.9)
    projects(7, "DONE", ago=24.1)
    found = seen().projects
    assert found
    assert texts(found.states) == {"Open": "3", "Waits for a person": "2", "Failed": "4"}
    assert found.finished.text == "6"
    assert not found.none_yet


def test_active_items_are_counted_by_agent_and_state_and_finished_ones_are_not(staff: Client) -> None:
    [project] = projects(1)
    for agent, state, count in (("cost", "READY", 1), ("cost", "BLOCKED", 3), ("checks", "FAILED", 2)):
        items(project, agent, state, count)
    for state in ("DONE", "CANCELLED"):
        items(project, "cost", state, 9)
    found = seen().items
    assert found
    assert [(line.agent, line.total.count) for line in found.agents] == [("cost", 4), ("checks", 2)]
    assert texts(found.agents[0].states)["Waits for an answer"] == "3"
    assert 'class="chart chart-stacked"' in found.plot
    assert "Done" not in found.states


def test_agents_beyond_a_screenful_are_told_as_a_number(staff: Client) -> None:
    [project] = projects(1)
    for number in range(home.MOST_AGENTS + 2):
        items(project, f"agent-{number}", "READY", 1)
    assert "2 more agents have less to do." in page(staff)


def test_throughput_and_lead_time_are_of_the_last_24_hours(staff: Client) -> None:
    projects(9, "DONE", ago=1, took=10)
    projects(1, "DONE", ago=2, took=180)
    projects(5, "DONE", ago=30, took=1)
    projects(5, "FAILED", ago=1, took=1)
    found = seen().flow
    assert found
    assert found.summary == "10 projects were finished. Half were done in 10 min, nine of ten in 10 min."
    assert sum(len(hour.spans) for hour, _url in found.hours) == 10
    assert len(found.plots) == 3
    assert "Hour by hour" in page(staff)


def test_beyond_a_bound_only_the_newest_finished_projects_are_looked_at(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "MOST_FINISHED", 3)
    projects(4, "DONE", ago=2, took=60)
    projects(3, "DONE", ago=1, took=1)
    found = seen()
    assert found.projects
    assert found.flow
    assert found.projects.finished.text == "3+"
    assert "Half were done in 1 min" in found.flow.summary
    assert "only the newest are included" in page(staff)


def test_failed_projects_and_dead_letters_are_counted_up_to_a_bound(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "MOST_COUNTED", 3)
    projects(5, "FAILED", ago=1)
    letters(4)
    found = seen()
    assert found.projects
    assert found.letters
    assert found.projects.states[-1].text == "3+"
    assert found.letters.total.text == "3+"


def test_the_five_newest_open_dead_letters_are_named_with_their_reason(staff: Client) -> None:
    letters(1, event_type="OLDEST")
    letters(5, event_type="<b>NEWER</b>", reason="It \u202eis <i>broken</i>.")
    letters(1, event_type="SETTLED", state="discarded")
    found = seen().letters
    assert found
    assert [line.what for line in found.newest] == ["<b>NEWER</b>"] * 5
    html = page(staff)
    assert found.total.text == "6"
    assert "&lt;b&gt;NEWER&lt;/b&gt;" in html
    assert "It \\u202eis &lt;i&gt;broken&lt;/i&gt;." in html


def test_each_group_shows_what_it_has_not_read_and_not_settled(staff: Client, settings: Any) -> None:
    put(*(envelope("WORK.ITEM_STARTED", {}) for _ in range(3)))
    streams.ensure_group(settings.STREAM_NAME, "orchestrator")
    streams.read_new(settings.STREAM_NAME, "orchestrator", "one", count=2)
    streams.ensure_group(streams.work_stream("cost_worker"), streams.worker_group("cost_worker"))
    found = seen().streams
    assert found
    assert [(line.group, line.lag, line.pending) for line in found.groups] == [
        ("orchestrator", 1, 2),
        ("cost_workers", 0, 0),
    ]
    log, work = found.groups
    assert log.url == reverse("admin:events_event_changelist")
    assert work.url.endswith("?agent_target__exact=cost_worker&state__exact=IN_PROGRESS")
    assert 'id="pending-audit:events-orchestrator"' in page(staff)


# -- links -----------------------------------------------------------------------------------------
def test_every_figure_leads_to_the_list_of_just_those(staff: Client) -> None:
    ann = User.objects.get(username="ann")
    for hours in (0.5, 2, 2.5, 7, 30):
        question(asked=hours, due=-1 if hours > 5 else 1)
    question(asked=1, assigned_to=ann)
    question(asked=1, assigned_group="another & more")
    [project, *_more] = projects(3)
    projects(2, "FAILED", ago=1)
    projects(4, "DONE", ago=3, took=5)
    projects(1, "DONE", ago=30, took=5)
    items(project, "cost & more", "READY", 2)
    items(project, "cost & more", "DONE", 3)
    items(project, "checks", "FAILED", 1)
    letters(2)
    letters(1, state="replayed")
    found = every_figure(seen())
    assert sum(figure.count for figure in found) > 30
    for figure in found:
        response = staff.get(figure.url)
        assert response.status_code == 200, figure
        assert response.context["cl"].result_count == figure.count, figure


def test_every_hour_leads_to_the_projects_finished_in_it(staff: Client) -> None:
    for hours in (0, 1, 1.1, 5, 22.9):
        projects(2, "DONE", ago=hours, took=5)
    projects(3, "CANCELLED", ago=1)
    found = seen().flow
    assert found
    listed = [staff.get(url).context["cl"].result_count for _hour, url in found.hours]
    assert listed == [len(hour.spans) for hour, _url in found.hours]
    assert sum(listed) == 10


def test_the_links_of_the_page_are_those_of_the_overview(staff: Client) -> None:
    question(asked=0.5)
    items(*projects(1), "cost", "READY", 1)
    letters(1)
    response = staff.get(reverse("admin:index"))
    hrefs = {unescape(href) for href in re.findall(r'href="([^"]*)"', response.content.decode())}
    linked = {figure.url for figure in every_figure(response.context["overview"]) if figure.count}
    assert linked
    assert linked <= hrefs


# -- what it costs ---------------------------------------------------------------------------------
def test_a_thousand_rows_of_everything_take_as_many_queries_as_ten(
    staff: Client, django_assert_num_queries: Any
) -> None:
    many_rows(10)
    with CaptureQueriesContext(connection) as few:
        page(staff)
    many_rows(990)
    with django_assert_num_queries(len(few)):
        page(staff)
    with CaptureQueriesContext(connection) as own:
        User.objects.get(username="ann").get_all_permissions()
    with django_assert_num_queries(11 + len(own)):
        seen()
