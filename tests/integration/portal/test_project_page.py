"""A project's page, its report and what can be taken away from it."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime

from accounts.models import User
from accounts.roles import ANSWERER
from backlog.models import Deliverable, Project
from backlog.states import ProjectStatus
from clarifications.models import Question
from reports.figures import without_formula
from tests.callers import account
from tests.flows import KNOWN, step, template
from workers.agents import AGENTS

pytestmark = pytest.mark.django_db

Opened = Callable[..., Project]
ROWS = [
    {"text": "Check invoice 4711", "category": "Payables", "estimated_minutes": 40},
    {"text": "check Invoice #4712!", "category": "Payables", "estimated_minutes": 80},
    {"text": "=1+1", "category": "<b>Closing</b>", "estimated_minutes": 60},
    {"text": "Call the bank", "category": "", "estimated_minutes": None},
]
FIGURES = ("avoidable_percent", "recovered_hours", "recovered_monthly_cost", "recovered_annual_cost")
WORKERS = (
    "requirements_manager",
    "dev_worker",
    "time_waste_worker",
    "cost_worker",
    "friction_worker",
    "scenario_worker",
    "test_worker",
)


def page(project: Project, name: str = "project") -> str:
    """The address of the project's page, or of another page of its."""
    return reverse(f"portal:{name}", args=[project.pk])


def deliver(project: Project, kind: str, content: dict[str, Any]) -> Deliverable:
    """A deliverable of the project's first item."""
    known = {"project": project, "item": project.items.order_by("position")[0], "timestamp": timezone.now()}
    return Deliverable.objects.create(id=uuid4(), type=kind, content=content, confidence=0.8, agent="worker", **known)


def deliver_all(project: Project) -> dict[str, Deliverable]:
    """What all our own workers deliver for four rows."""
    context: dict[str, Any] = {**KNOWN, "rows": ROWS, "hourly_rate": 45, "deliverables": {}}
    context["request_text"] = "Find waste. It must be cheap."
    for name in WORKERS:
        content = AGENTS[name].run(AGENTS[name].input_model.model_validate(context)).content
        context["deliverables"][AGENTS[name].deliverable] = content
    return {kind: deliver(project, kind, content) for kind, content in context["deliverables"].items()}


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


def test_the_report_tells_figures_plots_tables_and_checks(rita: Client, opened: Opened) -> None:
    project = opened()
    deliver_all(project)
    response = rita.get(page(project))
    html, report = response.content.decode(), response.context["report"]
    assert [section.view.title for section in report.sections] == [
        "With an agent",
        "Where the time goes",
        "What it costs",
        "What recurs",
        "What was asked for",
        "Work product",
        "Checks made",
    ]
    assert report.summary == (
        "An agent could take over up to 60.00 % of the work: 1.80 hours a month, worth 81.00 a month and 972.00 a year "
        "at 45.00 an hour."
    )
    assert ("3.00", "hours in all") in report.headline
    assert ("1,620.00", "cost a year") in report.headline
    assert [len(section.view.plots) for section in report.sections] == [1, 2, 0, 1, 0, 0, 0]
    assert "&lt;b&gt;Closing&lt;/b&gt;" in html
    assert "<b>Closing" not in html
    assert "It must be cheap" in html


def test_the_report_for_printing_has_no_navigation_and_no_downloads(rita: Client, opened: Opened) -> None:
    project = opened()
    assert "Nothing was delivered yet" in rita.get(page(project, "report")).content.decode()
    deliver_all(project)
    html = rita.get(page(project, "report")).content.decode()
    assert "An agent could take over" in html
    assert "<nav" not in html
    assert "Download" not in html


def test_a_foreign_deliverable_of_any_shape_is_shown_and_no_markup_of_its_passes(rita: Client, opened: Opened) -> None:
    project = opened()
    content = {
        "total": 12345.5,
        "approved": True,
        "remark": "<script>alert(1)</script>",
        "long": "x" * 400,
        "lines": [{"name": "a", "<i>": 1}, {"name": None, "deep": {"b": [1]}}],
        "nested": {"some": ["thing"]},
        "big": 10**400,
    }
    deliver(project, "foreign_thing", content)
    response = rita.get(page(project))
    html = response.content.decode()
    view = response.context["report"].sections[0].view
    assert ("Total", "12,345.50") in view.facts
    assert ("Approved", "Yes") in view.facts
    assert view.tables[0].columns == ["Name", "<i>", "Deep"]
    assert view.tables[0].rows == [["a", "1", ""], ["", "", '{"b": [1]}']]
    assert "&quot;thing&quot;" in view.raw
    assert "<script>alert" not in html
    assert "<i>" not in html


@pytest.mark.parametrize("kind", ["time_waste_analysis", "with_agent_scenario", "test_report", "friction_analysis"])
@pytest.mark.parametrize(
    "content",
    [
        {},
        {"breakdown": 7, "checks": [1], "clusters": None, "recovered_monthly_cost": "many"},
        {"breakdown": [{"category": None, "minutes": 10**400}], "checks": {}, "clusters": [{}]},
        dict.fromkeys(("total_hours", "hourly_rate", *FIGURES), 10**400),
    ],
)
def test_a_deliverable_of_our_kind_and_another_shape_does_no_harm(
    rita: Client, opened: Opened, kind: str, content: dict[str, Any]
) -> None:
    project = opened()
    deliver(project, kind, content)
    assert rita.get(page(project)).status_code == 200
    assert rita.get(page(project, "report")).status_code == 200


def test_a_report_without_any_check_says_so(rita: Client, opened: Opened) -> None:
    project = opened()
    deliver(project, "test_report", {"checks": [], "passed": 0, "failed": 0, "all_passed": False})
    assert "No check was made" in rita.get(page(project, "report")).content.decode()


def test_a_deliverable_is_taken_away_whole_as_json(rita: Client, opened: Opened) -> None:
    deliverable = deliver_all(opened(title="Zeit & Geld"))["cost_analysis"]
    response = rita.get(reverse("portal:json", args=[deliverable.project_id, deliverable.pk]))
    assert json.loads(response.content) == deliverable.content
    assert response["Content-Disposition"] == 'attachment; filename="zeit-geld-cost-analysis.json"'
    assert response["X-Content-Type-Options"] == "nosniff"


def test_tables_are_taken_away_as_csv_that_runs_no_formula(rita: Client, opened: Opened) -> None:
    texts = ["=1+1", "+1", "-1", "@x", "\t=1", "harmless", "ünïcode"]
    lines = [{"name": text, "=head": -5, "more": [text]} for text in texts]
    deliverable = deliver(opened(), "foreign", {"lines": lines, "plain": [1, 2]})
    cells = table(rita, deliverable, "lines")
    assert cells[0] == ["name", "'=head", "more"]
    assert [row[0] for row in cells[1:]] == ["'=1+1", "'+1", "'-1", "'@x", "'\t=1", "harmless", "ünïcode"]
    assert cells[1][1] == "-5"
    address = reverse("portal:csv", args=[deliverable.project_id, deliverable.pk])
    for nothing in ("plain", "nowhere", ""):
        assert rita.get(address, {"table": nothing}).status_code == 404


def test_every_table_that_the_page_offers_is_there(rita: Client, opened: Opened) -> None:
    project = opened()
    found = deliver_all(project)
    report = rita.get(page(project)).context["report"]
    offered = [(section.deliverable, key) for section in report.sections for key, _words in section.downloads]
    tables = {"breakdown", "clusters", "sensitivity", "checks", "requirements", "artifacts"}
    assert {key for _deliverable, key in offered} == tables
    for deliverable, key in offered:
        assert len(table(rita, deliverable, key)) == len(found[deliverable.type].content[key]) + 1


@pytest.mark.parametrize("text", ["=x", "+x", "-x", "@x", "\tx", "\rx", "\nx", "＝x"])
def test_a_text_that_looks_like_a_formula_is_made_harmless(text: str) -> None:
    assert without_formula(text) == f"'{text}"


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
