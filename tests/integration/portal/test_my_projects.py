"""The start page: what waits for the person, their requests, search and pages."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import ANSWERER
from backlog.models import Item, Project, Template
from clarifications.models import Question
from tests.callers import account

pytestmark = pytest.mark.django_db

Opened = Callable[..., Project]


def url() -> str:
    """The start page's address."""
    return reverse("portal:projects")


def titles(client: Client, **query: str | int) -> list[str]:
    """The requests that the page shows, in order."""
    return [project.title for project in client.get(url(), query).context["projects"]]


def queries(client: Client) -> int:
    """How many queries the page takes."""
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url()).status_code == 200
    return len(captured)


def many(number: int, *, requester: str = "rita") -> list[Project]:
    """Projects with two items each, one of them done, and an open question each."""
    template, now = Template.objects.get(name="audit"), timezone.now()
    before, owner = Project.objects.count(), User.objects.filter(username=requester).first()
    common = {"template": template, "requester": requester, "owner": owner}
    made = Project.objects.bulk_create(
        Project(title=f"No {before + n}", opened_at=now + timedelta(seconds=n), **common) for n in range(number)
    )
    states = enumerate(("DONE", "READY"))
    items = [(p, position, state) for position, state in states for p in made]
    Item.objects.bulk_create(
        Item(project=p, position=n, key=f"k{n}", title="T", item_type="task", agent_target="a", state=s)
        for p, n, s in items
    )
    Question.objects.bulk_create(
        Question(
            project=p, field="f", title="Rate", schema={}, pointer="/f", asked_at=now, due_at=now, next_step_at=now
        )
        for p in made
    )
    return made


def test_a_person_sees_their_own_requests_newest_first_and_nobody_elses(
    rita: Client, rob: Client, ann: Client, opened: Opened
) -> None:
    opened(title="first")
    opened(title="second")
    assert titles(rita) == ["second", "first"]
    assert titles(rob) == []
    assert titles(ann) == []


def test_a_request_shows_its_state_and_how_much_is_done(rita: Client, db: None) -> None:
    many(1)
    html = rita.get(url()).content.decode()
    assert '<progress class="progress" value="1" max="2" aria-label="1 of 2 done">' in html
    assert '<span class="state state-open">Open</span>' in html


def test_what_waits_for_the_person_comes_first_the_most_urgent_on_top(
    rita: Client, opened: Opened, rob: Client
) -> None:
    for title in ("later", "sooner"):
        opened(title=title)
    Question.objects.filter(project__title="sooner").update(due_at=timezone.now())
    shown = rita.get(url()).context["questions"]
    assert [question.project.title for question in shown] == ["sooner", "later"]
    assert reverse("portal:question", args=[shown[0].pk]) in rita.get(url()).content.decode()
    assert rob.get(url()).context["questions"] == []


def test_what_is_handed_to_somebody_else_does_not_wait_for_the_requester(rita: Client, question: Question) -> None:
    account("leo", ANSWERER).groups.add(Group.objects.create(name="controllers"))
    for change in ({"assigned_group": "controllers"}, {"assigned_to": account("carl", ANSWERER)}):
        Question.objects.filter(pk=question.pk).update(**{"assigned_group": "", "assigned_to": None, **change})
        assert rita.get(url()).context["questions"] == []


def test_the_empty_page_leads_to_the_first_request(rita: Client) -> None:
    html = rita.get(url()).content.decode()
    assert "You have not sent a request yet." in html
    assert html.count(reverse("portal:new")) >= 2


def test_requests_are_found_by_a_part_of_the_title_the_whole_id_or_their_state(rita: Client, opened: Opened) -> None:
    payroll, loans = opened(title="Payroll"), opened("minimal", title="Loans")
    assert titles(rita, q="roll") == ["Payroll"]
    assert titles(rita, q=str(loans.pk)) == ["Loans"]
    assert titles(rita, state="WAITING") == ["Payroll"]
    assert titles(rita, state="OPEN", q="loan") == ["Loans"]
    assert titles(rita, q="nothing") == []
    assert "None of your requests fits this search." in rita.get(url(), {"q": "x\0y"}).content.decode()
    assert payroll.requester == "rita"


def test_pages_hold_25_requests_and_keep_the_search(rita: Client) -> None:
    many(60)
    first = rita.get(url(), {"q": "No"})
    assert titles(rita, q="No") == [f"No {n}" for n in range(59, 34, -1)]
    assert (first.context["newer"], first.context["older"]) == ("", "?q=No&page=2")
    assert titles(rita, page=3) == [f"No {n}" for n in range(9, -1, -1)]
    assert rita.get(url(), {"page": 3}).context["older"] == ""
    assert "There are no older requests." in rita.get(url(), {"page": 9}).content.decode()
    for nonsense in ("-1", "x", "²", "9" * 30):
        assert rita.get(url(), {"page": nonsense}).status_code == 200


def test_the_page_takes_as_many_queries_for_300_requests_as_for_2_or_10(rita: Client) -> None:
    many(2)
    queries(rita)
    few = queries(rita)
    many(8)
    assert queries(rita) == few
    many(290)
    assert queries(rita) == few


def test_the_page_listens_to_what_it_shows(rita: Client, opened: Opened) -> None:
    project = opened()
    html = rita.get(url()).content.decode()
    assert f'content="mine project:{project.pk}"' in html


@pytest.mark.parametrize("name", ["projects", "project", "report", "cancel", "question"])
def test_signing_in_comes_first(client: Client, question: Question, name: str) -> None:
    key = question.pk if name == "question" else question.project_id
    address = reverse(f"portal:{name}", args=[] if name == "projects" else [key])
    assert client.get(address).url.startswith(reverse("sign-in"))
    assert client.post(address).url.startswith(reverse("sign-in"))
