"""The staff's home: what waits, what is under way, what was finished, what is stuck; every figure is a link."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from backlog.models import Item, Project, Template
from clarifications.models import Question
from events import streams
from events.models import DeadLetter
from staff import overview as home
from staff.overview import overview_for
from staff.overview_parts import Figure, Overview
from tests.flows import envelope, put

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

SignIn = Callable[..., Client]
PARTS = {
    "view_question": "Open questions",
    "view_project": "Projects",
    "view_item": "Work under way",
    "view_event": "Streams",
    "view_deadletter": "Dead letters",
}


def seen(name: str = "ann") -> Overview:
    """The overview of somebody who is there."""
    return overview_for(User.objects.get(username=name))


def page(client: Client) -> str:
    """The home page."""
    response = client.get(reverse("admin:index"))
    assert response.status_code == 200
    return response.content.decode()


def headings(html: str) -> list[str]:
    """The headings of the page's cards."""
    return re.findall(r'<section class="card[^>]*>\s*<h2>([^<]*)</h2>', html)


def texts(figures: list[Figure]) -> dict[str, str]:
    """Each figure's words and number."""
    return {figure.words: figure.text for figure in figures}


def every_figure(found: Overview) -> list[Figure]:
    """All figures of the overview that have a list of their own."""
    assert found.questions
    assert found.projects
    assert found.items
    assert found.letters
    return [
        *(found.questions.total, found.questions.overdue, *found.questions.ages, *found.questions.holders),
        *(*found.projects.states, found.projects.finished, found.letters.total),
        *(figure for line in found.items.agents for figure in [line.total, *line.states]),
    ]


# -- rows ------------------------------------------------------------------------------------------
def projects(count: int, status: str = "OPEN", *, took: float = 0, ago: float | None = None) -> list[Project]:
    """Projects of this status; finished so many hours ago after so many minutes, where that is said."""
    finished = None if ago is None else timezone.now() - timedelta(hours=ago)
    opened = (finished or timezone.now()) - timedelta(minutes=took)
    template = Template.objects.get(name="audit")
    named = {"template": template, "opened_at": opened, "finished_at": finished, "status": status}
    return Project.objects.bulk_create(Project(title=f"{status} {n}", **named) for n in range(count))


def items(project: Project, agent: str, state: str, count: int) -> None:
    """Items of the project for the agent, in the state."""
    named = {"project": project, "position": 1, "title": "Step", "agent_target": agent, "state": state}
    Item.objects.bulk_create(Item(key=uuid4().hex, **named) for _ in range(count))


def question(*, asked: float, due: float = 24, **fields: Any) -> None:
    """A question asked so many hours ago and due in so many."""
    now, [project] = timezone.now(), projects(1, "WAITING")
    named = {"title": "Hourly rate", "field": uuid4().hex, "schema": {}, "pointer": "/x", "asked_by": "audit"}
    due_at = now + timedelta(hours=due)
    times = {"asked_at": now - timedelta(hours=asked), "due_at": due_at, "next_step_at": due_at}
    Question.objects.bulk_create([Question(project=project, **named, **times, **fields)])


def letters(count: int, **fields: Any) -> None:
    """Open dead letters."""
    now = timezone.now()
    said = {"event_type": "WORK.DONE", "reason": "There is no such event type.", "error_class": "UnknownEventType"}
    where = {"stream": "audit:events", "group": "orchestrator", "first_seen": now, "last_seen": now, "raw": b"[]"}
    DeadLetter.objects.bulk_create(
        DeadLetter(entry_id=uuid4().hex, **{**said, **where, **fields}) for _ in range(count)
    )


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


def many_rows(count: int) -> None:
    """So many open and finished projects, items, questions and dead letters."""
    now = timezone.now()
    opened = projects(count)
    projects(count, "DONE", ago=1, took=10)
    projects(count, "FAILED", ago=1, took=10)
    named = {"position": 1, "key": "one", "title": "Step", "state": "READY"}
    Item.objects.bulk_create(Item(project=p, agent_target=f"agent-{n % 7}", **named) for n, p in enumerate(opened))
    about = {"field": "rate", "title": "Hourly rate", "schema": {}, "pointer": "/rate", "asked_by": "audit"}
    times = {"asked_at": now, "due_at": now, "next_step_at": now}
    Question.objects.bulk_create(Question(project=p, **about, **times) for p in opened)
    letters(count)


# -- people ----------------------------------------------------------------------------------------
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


# -- the page --------------------------------------------------------------------------------------
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
