"""A project's page, its report and what can be taken away from it."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from accounts.models import User
from accounts.roles import ANSWERER
from backlog.models import Deliverable, Project
from backlog.states import ProjectStatus
from clarifications.models import Question
from tests.callers import account
from tests.delivered import deliver
from tests.flows import step, template

pytestmark = pytest.mark.django_db

Opened = Callable[..., Project]


def page(project: Project, name: str = "project") -> str:
    """The address of the project's page, or of another page of its."""
    return reverse(f"portal:{name}", args=[project.pk])


def asking(key: str) -> dict[str, Any]:
    """An item that needs a figure of its own."""
    return step(key, needs={"type": "object", "required": [key], "properties": {key: {"type": "number"}}})


def table(client: Client, deliverable: Deliverable, name: str) -> list[list[str]]:
    """The cells of a table that was taken away."""
    address = reverse("portal:csv", args=[deliverable.project_id, deliverable.pk])
    text = client.get(address, {"table": name}).content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_the_page_says_what_is_happening_and_what_waits_for_whom(rita: Client, question: Question) -> None:
    response = rita.get(page(question.project))
    html = response.content.decode()
    assert [step.waits for step in response.context["steps"]][2] == "“Hourly rate” waits for an answer."
    assert "Starts after “Collect requirements”." in html
    assert reverse("portal:question", args=[question.pk]) in html
    assert f'content="project:{question.project_id}"' in html
    assert html.count("<h1>") == 1
    assert response.context["report"] is None


def test_who_waits_reads_whom_for_until_when_and_that_they_need_to_do_nothing(rita: Client, opened: Opened) -> None:
    hers = opened(template(asking("rate")))
    assert rita.get(page(hers)).context["in_short"].startswith("Waiting for your answer, below.")
    approval = Question.objects.get(project=opened(template(step("only", approval="before"))))
    day = date_format(localtime(approval.due_at), "DATE_FORMAT")
    words = rita.get(page(approval.project)).context["in_short"]
    assert words.endswith(f"waits for our staff. It is due on {day}. You need to do nothing.")


@pytest.mark.parametrize("name", ["project", "report", "cancel"])
def test_somebody_elses_project_is_not_there(rob: Client, opened: Opened, name: str) -> None:
    project = opened()
    assert rob.get(page(project, name)).status_code == 404
    assert rob.post(page(project, "cancel"), {"reason": "Mine!"}).status_code == 404


def test_somebody_elses_deliverables_cannot_be_taken_away(rita: Client, rob: Client, opened: Opened) -> None:
    own, theirs = opened(requester="rob"), opened()
    secret = deliver(theirs, "plan", {"parts": [{"name": "x"}]})
    for project in (theirs, own):
        for name in ("json", "csv"):
            address = reverse(f"portal:{name}", args=[project.pk, secret.pk])
            assert rob.get(address, {"table": "parts"}).status_code == 404
    assert rita.get(reverse("portal:json", args=[theirs.pk, secret.pk])).status_code == 200


def test_downloads_ask_to_sign_in(client: Client, opened: Opened) -> None:
    secret = deliver(opened(), "plan", {})
    for name in ("json", "csv"):
        address = reverse(f"portal:{name}", args=[secret.project_id, secret.pk])
        assert client.get(address).url.startswith(reverse("sign-in"))


def test_staff_who_see_every_project_see_this_one_and_are_told_whose_it_is(ann: Client, opened: Opened) -> None:
    assert "requested by rita" in ann.get(page(opened())).content.decode()


# -- cancelling ------------------------------------------------------------------------------------
def test_a_requester_cancels_their_own_project_for_a_reason(rita: Client, opened: Opened) -> None:
    project = opened()
    assert page(project, "cancel") in rita.get(page(project)).content.decode()
    assert "reason" in rita.post(page(project, "cancel"), {"reason": " "}).context["form"].errors
    assert rita.post(page(project, "cancel"), {"reason": "No longer needed"}).url == page(project)
    found = Project.objects.get(pk=project.pk)
    assert (found.status, found.reason) == (ProjectStatus.CANCELLED, "No longer needed")
    assert page(project, "cancel") not in rita.get(page(project)).content.decode()


@pytest.mark.parametrize("status", ["DONE", "FAILED", "CANCELLED"])
def test_what_is_over_cannot_be_cancelled(rita: Client, opened: Opened, status: str) -> None:
    project = opened()
    Project.objects.filter(pk=project.pk).update(status=status)
    assert rita.get(page(project, "cancel")).url == page(project)
    response = rita.post(page(project, "cancel"), {"reason": "Too late"}, follow=True)
    assert "has ended already" in response.content.decode()
    assert Project.objects.get(pk=project.pk).status == status


def test_who_sees_a_project_of_another_may_not_cancel_it(ann: Client, opened: Opened) -> None:
    project = opened()
    assert ann.post(page(project, "cancel"), {"reason": "Because"}).status_code == 403
    assert Project.objects.get(pk=project.pk).status != ProjectStatus.CANCELLED


def test_a_project_that_nobody_asked_for_belongs_to_no_nameless_person(opened: Opened, client: Client) -> None:
    project = opened(requester="")
    client.force_login(User.objects.create_user("guest"))
    assert client.get(page(project)).status_code == 404


def test_a_project_of_many_items_takes_as_many_queries_as_one_of_few(rita: Client, opened: Opened) -> None:
    few, many = (opened(template(*(asking(f"k{n}") for n in range(number)))) for number in (1, 30))
    Question.objects.update(assigned_to=account("carl", ANSWERER))
    taken = []
    for project in (few, few, many):
        deliver(project, "plan", {"steps": 1})
        with CaptureQueriesContext(connection) as captured:
            assert rita.get(page(project)).status_code == 200
        taken.append(len(captured))
    assert taken[1] == taken[2]
