"""A project's report on its page: findings with their formula and rows, assumptions, quality, provenance, the annex."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.audit import AuditRecord
from backlog.models import Project, WorkContext
from tests.delivered import contents, deliver, deliver_all, full_contents, know, older_contents
from tests.report_pages import page, report_page

pytestmark = pytest.mark.django_db

Opened = Callable[..., Project]
FIGURES = ("avoidable_percent", "recovered_hours", "recovered_monthly_cost", "recovered_annual_cost")


def test_the_report_says_in_at_most_five_sentences_what_was_found(rita: Client, opened: Opened) -> None:
    project = opened()
    know(project, currency="EUR", period={"type": "month"})
    deliver_all(project)
    response = report_page(rita, project)
    assert response.context["report"].summary == [
        "The data hold 4 rows with 3.00\u00a0h of work (a month).",
        "Most time goes to “Payables”: 2.00\u00a0h, 66.7% of the time.",
        "At 45.00\u00a0EUR an hour, this costs 135.00\u00a0EUR a month and 1,620.00\u00a0EUR a year.",
        "50% of the rows recur: they belong to 1 task that comes more than once.",
        "By assumption, an agent could take over up to 60% of the work: 1.80\u00a0h a month, worth 81.00\u00a0EUR "
        "a month.",
    ]
    assert "&lt;b&gt;Closing&lt;/b&gt;" in response.content.decode()
    assert "<b>Closing" not in response.content.decode()


def test_findings_come_by_hours_each_with_its_money_its_formula_and_its_rows(rita: Client, opened: Opened) -> None:
    project = opened()
    know(project, currency="EUR", period={"type": "month"})
    deliver_all(project, full_contents())
    response = report_page(rita, project)
    report, html = response.context["report"], response.content.decode()
    hours = [finding.hours or 0 for finding in report.findings]
    assert hours == sorted(hours, reverse=True)
    assert len(report.main_findings) == 3
    meetings = report.main_findings[0]
    assert (meetings.title, meetings.hours, meetings.monthly_money) == ("Meetings", 2.5, 112.5)
    assert (
        "2.50\u00a0h × 45.00\u00a0EUR an hour × 1 such periods a month = 112.50\u00a0EUR a month." in meetings.formula
    )
    for finding in report.main_findings:
        assert finding.formula in html.replace("&#x27;", "'")
        if finding.rows:
            assert f"?{finding.rows.encoded.replace('&', '&amp;')}" in html


def test_each_recurring_task_says_why_it_could_be_automated_or_not(rita: Client, opened: Opened) -> None:
    project, found = opened(), full_contents()
    meeting = {"sample_text": "Team meeting", "fingerprint": "team meeting", "count": 9, "minutes": 540}
    found["friction_analysis"]["clusters"].append({**meeting, "automatable": False, "why": "meeting"})
    deliver_all(project, found)
    response = report_page(rita, project)
    first, second = response.context["report"].recurring
    assert (first.title, first.automatable, first.why) == ("Team meeting", False, "A meeting is between people.")
    assert (second.automatable, second.why) == (True, "It follows rules that can be written down.")
    assert "Team meeting" not in [finding.title for finding in response.context["report"].findings]
    assert "A meeting is between people." in response.content.decode()


def test_the_scenario_counts_no_meetings_where_the_analysis_tells_them_apart(rita: Client, opened: Opened) -> None:
    project, found = opened(), full_contents()
    found["friction_analysis"] |= {"total_rows": 4, "recurring_without_meetings": 1}
    deliver_all(project, found)
    scenario = report_page(rita, project).context["report"].scenario
    assert scenario.recurring_percent == 25
    assert "without meetings (1.25 × 25%)" in scenario.formula


def test_a_period_read_from_the_rows_and_a_currency_of_the_template_say_so(rita: Client, opened: Opened) -> None:
    project = opened()
    know(project, currency="EUR", period={"type": "dates", "first": "2026-01-01", "last": "2026-01-07", "days": 7})
    context = WorkContext.objects.get(project=project)
    at = "2026-03-03T09:00:00+00:00"
    context.provenance["period"] = {"by": "dates of the rows", "door": "rows", "at": at}
    context.provenance["currency"] = {"by": "template audit", "door": "settings", "at": at}
    context.save()
    deliver_all(project)
    assumptions = {a.key: a for a in report_page(rita, project).context["report"].assumptions}
    assert (assumptions["period"].source, assumptions["currency"].source) == ("file", "template")
    assert assumptions["currency"].source_words == "template audit, for requests that name none"


def test_a_report_of_older_deliverables_has_what_they_hold(rita: Client, opened: Opened) -> None:
    project = opened()
    deliver_all(project, older_contents())
    report = report_page(rita, project).context["report"]
    assert [plot.key for plot in report.plots] == ["share", "recurrence", "scenario"]
    assert [table.key for table in report.tables] == ["categories", "recurring"]
    assert report.recurring[0].automatable is None
    assert report.scenario.low_hours is None


def test_a_report_of_newer_deliverables_has_all_plots_and_tables(rita: Client, opened: Opened) -> None:
    project = opened()
    deliver_all(project, full_contents())
    response = report_page(rita, project)
    report = response.context["report"]
    assert [plot.key for plot in report.plots] == ["share", "recurrence", "weeks", "week", "scenario"]
    assert [table.key for table in report.tables] == ["categories", "recurring", "weeks", "waits", "sensitivity"]
    assert report.scenario.level == 95
    assert response.content.decode().count("<figure") == 5


def test_every_amount_names_its_currency_and_its_period(rita: Client, opened: Opened) -> None:
    project = opened()
    period = {
        "type": "quarter",
        "first": "2026-01-01",
        "last": "2026-03-30",
        "days": 89,
        "working_days": 63,
        "people": 4,
    }
    know(project, currency="chf", period=period)
    deliver_all(project)
    response = report_page(rita, project)
    report = response.context["report"]
    assert report.currency == "CHF"
    assert report.period.words == "Jan. 1, 2026 to March 30, 2026: 89 days, 63 working days, 4 people"
    assert all(figure.words.endswith("CHF") for figure in report.headline if figure.unit == "money")
    assert report.period.words in response.content.decode()


def test_a_period_and_a_currency_that_nobody_stated_are_said_to_be_assumed(rita: Client, opened: Opened) -> None:
    project = opened()
    know(project, currency=None, period=None)
    deliver_all(project, older_contents())
    response = report_page(rita, project)
    assumptions = {assumption.key: assumption for assumption in response.context["report"].assumptions}
    assert assumptions["period"].source == "default"
    assert assumptions["currency"].source == "unknown"
    assert "Nobody said which period the data cover" in response.content.decode()


def test_assumptions_say_where_they_come_from(rita: Client, opened: Opened) -> None:
    project = opened()
    know(project, hourly_rate=45, currency="EUR")
    deliver_all(project)
    assumptions = {a.key: a for a in report_page(rita, project).context["report"].assumptions}
    rate, cap = assumptions["hourly_rate"], assumptions["friction_cap_percent"]
    assert (rate.source, rate.source_words) == ("person", "rita, with the request, March 3, 2026")
    assert (cap.source, cap.words) == ("default", "60%")
    assert "was not measured in these data" in cap.why


def test_every_warning_of_the_file_stands_in_the_report_with_its_place(rita: Client, opened: Opened) -> None:
    project = opened()
    warnings = [
        {"row": 7, "column": "Hours", "message": "“x” is no duration."},
        {"row": 9, "message": "A row of totals."},
    ]
    project.intake = {"file": "march.csv", "rows_read": 4, "row_warnings": 3, "warnings": warnings}
    project.save()
    deliver_all(project)
    response = report_page(rita, project)
    quality, html = response.context["report"].quality, response.content.decode()
    assert [(w.row, w.column) for w in quality.warnings] == [(7, "Hours"), (9, "")]
    assert quality.left == 1
    for words in ("march.csv", "“x” is no duration.", "A row of totals.", "and 1 more warning"):
        assert words in html


def test_the_report_says_who_gave_what_when_and_through_which_door(rita: Client, opened: Opened) -> None:
    project = opened()
    know(project, hourly_rate=45)
    deliver_all(project)
    given = {a.field: a for a in report_page(rita, project).context["report"].provenance}
    assert (given["hourly_rate"].by, given["hourly_rate"].door_words) == ("rita", "with the request")
    assert given["hourly_rate"].title == "Hourly rate"


def test_checks_and_workers_are_for_staff_only(rita: Client, ann: Client, opened: Opened) -> None:
    project = opened()
    deliver_all(project)
    deliver(project, "generic_output", {"summary": "Seven deliverables."})
    for_rita, for_staff = (report_page(client, project).content.decode() for client in (rita, ann))
    for words in ("Checks made", "Seven deliverables."):
        assert words not in for_rita
        assert words in for_staff


def test_failed_checks_are_said_to_everybody(rita: Client, opened: Opened) -> None:
    project = opened()
    check = {"name": "total_hours", "expected": 3, "actual": 4, "passed": False, "detail": ""}
    deliver_all(project)
    deliver(project, "test_report", {"checks": [check], "passed": 0, "failed": 1, "all_passed": False})
    assert "1 of our own checks of these figures failed" in report_page(rita, project).content.decode()


def test_the_report_is_the_same_in_french(rita: Client, opened: Opened) -> None:
    project = opened()
    know(project, currency="EUR")
    deliver_all(project, full_contents())
    rita.cookies["django_language"] = "fr"
    report = report_page(rita, project).context["report"]
    assert report.language == "fr"
    assert report.headline[2].words == "1\u00a0620,00\u00a0EUR"


def test_a_report_without_deliverables_says_so(rita: Client, opened: Opened) -> None:
    assert "Nothing was delivered yet" in report_page(rita, opened()).content.decode()


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
    response = report_page(rita, project)
    html = response.content.decode()
    section = response.context["report"].results[0]
    assert ("Total", "12,345.50") in section.facts
    assert ("Approved", "Yes") in section.facts
    assert [column.title for column in section.tables[0].columns] == ["Name", "<i>", "Deep"]
    assert section.tables[0].rows == [["a", 1, None], [None, None, '{"b": [1]}']]
    assert "&quot;thing&quot;" in html
    assert "<script>alert" not in html
    assert "<i>" not in html


def test_keys_that_a_foreign_agent_adds_to_a_known_deliverable_are_shown(rita: Client, opened: Opened) -> None:
    project, found = opened(), contents()
    found["cost_analysis"]["overtime_hours"] = 12
    deliver_all(project, found)
    section = next(s for s in report_page(rita, project).context["report"].results if s.kind == "cost_analysis")
    assert section.facts == [("Overtime hours", "12")]


@pytest.mark.parametrize(
    "kind", ["time_waste_analysis", "with_agent_scenario", "test_report", "friction_analysis", "requirements_analysis"]
)
@pytest.mark.parametrize(
    "content",
    [
        {},
        {"breakdown": 7, "checks": [1], "clusters": None, "recovered_monthly_cost": "many", "requirements": {}},
        {"breakdown": [{"category": None, "minutes": 10**400}], "checks": {}, "clusters": [{}], "open_points": 3},
        {"by_week": [{}], "by_weekday": [{"weekday": "x"}], "breakdown": [{"category": "a", "minutes": -5}]},
        {
            "meetings": 3,
            "waiting": {"steps": 1, "median_minutes": "x"},
            "recurring_share": 2,
            "clusters": [{"count": 1}],
        },
        {"recovered_hours": -4, "interval": {"low_hours": 9, "high_hours": 1}, "sensitivity": [{}]},
        dict.fromkeys(("total_hours", "hourly_rate", *FIGURES), 10**400),
        dict.fromkeys(("total_hours", "hourly_rate", "recurring_share", *FIGURES), 1e60),
    ],
)
def test_a_deliverable_of_our_kind_and_another_shape_does_no_harm(
    rita: Client, opened: Opened, kind: str, content: dict[str, Any]
) -> None:
    project = opened()
    deliver(project, kind, content)
    assert rita.get(page(project)).status_code == 200
    report_page(rita, project)


def test_a_report_without_any_check_says_so_to_staff(ann: Client, opened: Opened) -> None:
    project = opened()
    deliver(project, "test_report", {"checks": [], "passed": 0, "failed": 0, "all_passed": False})
    assert "No check was made" in report_page(ann, project).content.decode()


def test_a_report_takes_as_many_queries_however_much_was_delivered(rita: Client, opened: Opened) -> None:
    few, many = opened(), opened()
    deliver(few, "plan", {"steps": 1})
    for number in range(30):
        deliver(many, f"plan_{number}", {"steps": 1})
    taken = []
    for project in (few, many, few, many):  # the first look at each is noted in the audit log
        with CaptureQueriesContext(connection) as captured:
            report_page(rita, project)
        taken.append(len(captured))
    assert taken[2] == taken[3]


def test_who_looked_at_a_report_and_who_took_it_away_is_on_record_once_an_hour(rita: Client, opened: Opened) -> None:
    project = opened()
    deliver(project, "plan", {"steps": 1})
    for _ in range(2):
        report_page(rita, project)
        assert rita.get(reverse("portal:report-file", args=[project.pk, "json"])).status_code == 200
    said = AuditRecord.objects.filter(action__startswith="report-").order_by("pk")
    assert list(said.values_list("action", "actor", "target")) == [
        ("report-opened", "rita", project.title),
        ("report-exported", "rita", project.title),
    ]
