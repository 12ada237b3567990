"""Each figure of a report leads to the rows behind it, inline or stored, a page at a time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backlog.models import Project
from events.artifacts import NDJSON, store
from tests.delivered import ROWS, deliver_all, full_contents, know, older_contents

pytestmark = pytest.mark.django_db

Opened = Callable[..., Project]
MANY = [{"text": f"Task {n}", "category": "A" if n % 2 else "B", "estimated_minutes": n % 30} for n in range(250)]


@pytest.fixture(autouse=True)
def artifacts(settings: Any, tmp_path: Path) -> None:
    """Stored rows go to a folder of this test's own."""
    settings.ARTIFACTS_DIR = tmp_path / "artifacts"


def rows_page(client: Client, project: Project, **query: object) -> Any:
    """The response of the page of rows."""
    return client.get(reverse("portal:rows", args=[project.pk]), query)


def texts(response: Any) -> list[str]:
    """What was done, by the rows on the page."""
    return [row["text"] for row in response.context["page"].rows]


def test_the_rows_of_a_category_are_listed(rita: Client, opened: Opened) -> None:
    project = opened()
    know(project, rows=ROWS)
    deliver_all(project)
    response = rows_page(rita, project, by="category", value="Payables")
    assert texts(response) == ["Check invoice 4711", "check Invoice #4712!"]
    assert texts(rows_page(rita, project, by="category", value="Uncategorised")) == ["Call the bank"]
    assert "&lt;b&gt;Closing" in rows_page(rita, project, by="category", value="<b>Closing</b>").content.decode()


def test_the_rows_of_a_recurring_task_are_those_that_its_cluster_names(rita: Client, opened: Opened) -> None:
    project, found = opened(), full_contents()
    cluster = found["friction_analysis"]["clusters"][0]
    cluster["texts"] = ["Check invoice 4711", "Call the bank"]
    know(project, rows=ROWS)
    deliver_all(project, found)
    response = rows_page(rita, project, by="task", value=cluster["fingerprint"])
    assert texts(response) == ["Check invoice 4711", "Call the bank"]
    assert cluster["sample_text"] in response.context["heading"]


def test_a_cluster_without_texts_has_the_rows_that_differ_in_numbers_and_case(rita: Client, opened: Opened) -> None:
    project, found = opened(), older_contents()
    know(project, rows=ROWS)
    deliver_all(project, found)
    cluster = found["friction_analysis"]["clusters"][0]
    response = rows_page(rita, project, by="task", value=cluster["fingerprint"])
    assert texts(response) == ["Check invoice 4711", "check Invoice #4712!"]


def test_a_page_that_lists_other_rows_than_were_counted_says_so(rita: Client, opened: Opened) -> None:
    project, found = opened(), full_contents()
    know(project, rows=[*ROWS, {"text": "Sort mail", "estimated_minutes": 4}])
    deliver_all(project, found)
    response = rows_page(rita, project, by="short")
    assert texts(response) == ["Sort mail"]
    assert "1 rows are listed here, which is another number" in response.content.decode()


def test_stored_rows_are_listed_a_hundred_a_page(rita: Client, opened: Opened) -> None:
    project = opened()
    know(project, rows=[], rows_ref=store(MANY, media_type=NDJSON))
    pages = [rows_page(rita, project, by="category", value="A", page=number) for number in (1, 2)]
    assert [len(texts(page)) for page in pages] == [100, 25]
    assert [page.context["page"].has_next for page in pages] == [True, False]
    assert texts(pages[1])[0] == "Task 201"
    assert "page=2" in pages[0].content.decode()


def test_rows_that_are_gone_are_said_to_be_gone(rita: Client, opened: Opened) -> None:
    project = opened()
    know(project, rows=[], rows_ref={"id": "0" * 64, "sha256": "0" * 64, "rows": 9, "media_type": NDJSON})
    assert "not stored here any more" in rows_page(rita, project).content.decode()


@pytest.mark.parametrize("query", [{"by": "magic"}, {"page": "0"}, {"page": "x"}, {"page": "9" * 5000}, {"page": "²"}])
def test_what_is_no_selection_of_rows_is_not_there(rita: Client, opened: Opened, query: dict[str, str]) -> None:
    assert rows_page(rita, opened(), **query).status_code == 404


def test_somebody_elses_rows_are_not_there(rob: Client, client: Client, opened: Opened) -> None:
    project = opened()
    know(project, rows=ROWS)
    assert rows_page(rob, project).status_code == 404
    assert rows_page(client, project).url.startswith(reverse("sign-in"))


def test_every_link_to_rows_of_a_report_leads_to_a_page(rita: Client, opened: Opened) -> None:
    project = opened()
    know(project, rows=ROWS)
    deliver_all(project, full_contents())
    report = rita.get(reverse("portal:report", args=[project.pk])).context["report"]
    behind = [finding.rows for finding in (*report.findings, *report.recurring) if finding.rows]
    assert {rows.by for rows in behind} == {"category", "task", "meetings", "short"}
    for rows in behind:
        assert rows_page(rita, project, **rows.query).status_code == 200
