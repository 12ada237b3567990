"""What was delivered is taken away as JSON, and its tables as CSV that runs no formula."""

import csv
import io
import json
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from backlog.models import Deliverable, Project
from reports.figures import without_formula
from tests.delivered import deliver, deliver_all, older_contents
from tests.report_pages import report_page

pytestmark = pytest.mark.django_db
Opened = Callable[..., Project]


def table(client: Client, deliverable: Deliverable, name: str) -> list[list[str]]:
    """The cells of a table that was taken away."""
    address = reverse("portal:csv", args=[deliverable.project_id, deliverable.pk])
    text = client.get(address, {"table": name}).content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


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
    found = deliver_all(project, older_contents())
    report = report_page(rita, project).context["report"]
    offered = [(file.kind, key) for file in report.files for key, _words in file.tables]
    assert {key for _kind, key in offered} == {"breakdown", "clusters", "checks", "requirements", "artifacts"}
    for kind, key in offered:
        assert len(table(rita, found[kind], key)) == len(found[kind].content[key]) + 1


@pytest.mark.parametrize("text", ["=x", "+x", "-x", "@x", "\tx", "\rx", "\nx", "＝x"])
def test_a_text_that_looks_like_a_formula_is_made_harmless(text: str) -> None:
    assert without_formula(text) == f"'{text}"
